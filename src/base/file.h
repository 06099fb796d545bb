// Files: reading, mapping, atomic replacement. Errors carry the path and errno. Regular files only; FIFOs and devices are refused, not
// waited for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mlxc {

// A regular file open for reading. Moves, does not copy.
class File {
 public:
  explicit File(std::string path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }  // when it was opened
  int descriptor() const { return fd_; }

  // Fills the whole buffer from the position; Error(io) where the file ends before.
  void read_at(int64_t position, std::span<std::byte> buffer) const;
  // The next bytes, fewer only at the end of the file (0 there).
  size_t read(std::span<std::byte> buffer);

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

// The whole file, read-only and shared: nothing is read before it is touched.
// Should another process shorten the file meanwhile, touching the lost pages raises SIGBUS; read a copy where that can happen.
class MappedFile {
 public:
  enum class Access { normal, sequential, random, soon };  // soon: start reading it in the background

  MappedFile() = default;
  explicit MappedFile(const File& file);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return bytes_; }
  void advise(Access access) const noexcept;  // a hint: its failure changes nothing

 private:
  std::span<const std::byte> bytes_;
};

// Uninitialised memory on a 64-byte boundary; Error(out_of_memory) names `what`.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(int64_t size, std::string_view what);
  std::span<std::byte> bytes() { return {data_.get(), size_}; }
  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept;
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

// The content of a file of at most `limit` bytes; Error(format) when it is larger.
std::string read_file(const std::string& path, int64_t limit);

// Writes a file that appears under its name complete or not at all: a temporary file beside it, fsync, rename.
class AtomicFileWriter {
 public:
  explicit AtomicFileWriter(std::string path);
  ~AtomicFileWriter();  // without commit() the temporary file goes
  AtomicFileWriter(const AtomicFileWriter&) = delete;
  AtomicFileWriter& operator=(const AtomicFileWriter&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  [[noreturn]] void fail_write(const char* action, int error) const;
  std::string path_, temporary_;
  int fd_ = -1;
};

// Adds lines to a file that others may read meanwhile: what write() was given is in the file when it returns.
class FileAppender {
 public:
  FileAppender(std::string path, bool keep);  // keep: behind what is there; else the file begins anew
  ~FileAppender();
  FileAppender(const FileAppender&) = delete;
  FileAppender& operator=(const FileAppender&) = delete;

  int64_t size() const { return size_; }  // when it was opened
  void write(std::string_view text);

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

bool file_exists(const std::string& path);  // any kind of file, symbolic links followed

}  // namespace mlxc
