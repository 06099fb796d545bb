#include "base/file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/quote.h"
#include "base/system_calls.h"

namespace mlxc {
namespace {

constexpr size_t kMostAtOnce = size_t(1) << 30;  // Linux moves at most 2 GiB a call

std::string shown(const std::string& path) { return quote(path, 300); }

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail_file(const std::string& path, const char* action, int error) {
  Status status = error == ENOENT || error == ENOTDIR ? Status::not_found : error == ENOMEM ? Status::out_of_memory : Status::io;
  throw Error(status, cat("cannot ", action, " ", shown(path), ": ", reason(error)), error);
}

template <class Call>
auto retry_interrupted(Call&& call) {
  decltype(call()) result;
  do result = call();
  while (result == -1 && errno == EINTR);
  return result;
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

void require_c_string(const std::string& path) {
  if (path.empty()) fail(Status::invalid_argument, "the file name is empty");
  if (path.find('\0') != path.npos) fail(Status::invalid_argument, "the file name ", shown(path), " contains a zero byte");
}

void write_all(int fd, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = retry_interrupted([&] { return system_calls.write(fd, bytes.data(), std::min(bytes.size(), kMostAtOnce)); });
    if (written == -1) fail_file(path, "write", errno);
    if (written == 0) fail_file(path, "write", EIO);
    bytes = bytes.subspan(size_t(written));
  }
}

// Opens and inspects. Not blocking: opening a FIFO would wait for its other end.
int open_file(const std::string& path, int flags, struct stat& info) {
  require_c_string(path);
  const int fd = retry_interrupted([&] { return system_calls.open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0666); });
  if (fd == -1) fail_file(path, "open", errno);
  if (system_calls.fstat(fd, &info) != 0) {
    const int error = errno;
    system_calls.close(fd);
    fail_file(path, "inspect", error);
  }
  return fd;
}

}  // namespace

File::File(std::string path) : path_(std::move(path)) {
  struct stat info;
  fd_ = open_file(path_, O_RDONLY, info);
  if (!S_ISREG(info.st_mode)) {
    system_calls.close(fd_);
    throw Error(Status::io, cat(shown(path_), " is ", kind_of(info.st_mode), ", expected a regular file"),
                S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  }
  size_ = info.st_size;
}

File::~File() {
  if (fd_ != -1) system_calls.close(fd_);
}

File::File(File&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}

void File::read_at(int64_t position, std::span<std::byte> buffer) const {
  size_t done = 0;
  while (done < buffer.size()) {
    const size_t count = std::min(buffer.size() - done, kMostAtOnce);
    const ssize_t got =
        retry_interrupted([&] { return system_calls.pread(fd_, buffer.data() + done, count, off_t(position + int64_t(done))); });
    if (got == -1) fail_file(path_, "read", errno);
    if (got == 0) {
      fail(Status::io, shown(path_), " ends at byte ", position + int64_t(done), ", expected ", buffer.size(), " bytes at ", position,
           ": it was shortened while being read");
    }
    done += size_t(got);
  }
}

size_t File::read(std::span<std::byte> buffer) {
  size_t done = 0;
  while (done < buffer.size()) {
    const size_t count = std::min(buffer.size() - done, kMostAtOnce);
    const ssize_t got = retry_interrupted([&] { return system_calls.read(fd_, buffer.data() + done, count); });
    if (got == -1) fail_file(path_, "read", errno);
    if (got == 0) break;
    done += size_t(got);
  }
  return done;
}

MappedFile::MappedFile(const File& file) {
  if (file.size() == 0) return;  // mmap refuses an empty range
  void* address = system_calls.mmap(nullptr, size_t(file.size()), PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (address == MAP_FAILED) fail_file(file.path(), "map", errno);
  bytes_ = {static_cast<const std::byte*>(address), size_t(file.size())};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) system_calls.munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

void MappedFile::advise(Access access) const noexcept {
  constexpr int kAdvice[] = {MADV_NORMAL, MADV_SEQUENTIAL, MADV_RANDOM, MADV_WILLNEED};
  if (!bytes_.empty()) system_calls.madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), kAdvice[size_t(access)]);
}

AlignedBuffer::AlignedBuffer(int64_t size, std::string_view what) : size_(size_t(size)) {
  if (size < 0) fail(Status::invalid_argument, what, " has ", size, " bytes");
  // Overcommitting systems grant any size and kill the process later.
  const int64_t memory = int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  if (size <= memory || memory <= 0) data_.reset(static_cast<std::byte*>(operator new(size_, std::align_val_t(64), std::nothrow)));
  if (!data_) fail(Status::out_of_memory, "no memory for ", size, " bytes of ", what, "; the machine has ", memory, " bytes");
}

void AlignedBuffer::Free::operator()(std::byte* p) const noexcept { operator delete(p, std::align_val_t(64)); }

std::string read_file(const std::string& path, int64_t limit) {
  File file(path);
  std::string text;
  size_t filled = 0;
  // One byte past the stated size shows the end; files in /proc state 0.
  for (int64_t room = std::max<int64_t>(file.size(), 4095) + 1; file.size() <= limit; room *= 2) {
    text.resize(size_t(std::min(room, limit + 1)));
    filled += file.read(std::as_writable_bytes(std::span(text)).subspan(filled));
    if (filled > size_t(limit)) break;
    if (filled < text.size()) {
      text.resize(filled);
      return text;
    }
  }
  fail(Status::format, shown(path), " has ", std::max(file.size(), int64_t(filled)), " bytes, at most ", limit, " are expected");
}

AtomicFileWriter::AtomicFileWriter(std::string path) : path_(std::move(path)) {
  require_c_string(path_);
  static std::atomic<unsigned> counter{0};
  do {
    temporary_ = cat(path_, ".", getpid(), "-", counter.fetch_add(1), ".tmp");
    fd_ = retry_interrupted([&] { return system_calls.open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  } while (fd_ == -1 && errno == EEXIST);  // left by a process that had our number and died
  if (fd_ == -1) fail_write("create", errno);
}

AtomicFileWriter::~AtomicFileWriter() {
  if (fd_ != -1) system_calls.close(fd_);
  if (!temporary_.empty()) system_calls.unlink(temporary_.c_str());
}

void AtomicFileWriter::fail_write(const char* action, int error) const { fail_file(path_, action, error); }

void AtomicFileWriter::write(std::span<const std::byte> bytes) { write_all(fd_, path_, bytes); }

void AtomicFileWriter::commit() {
  if (retry_interrupted([&] { return system_calls.fsync(fd_); }) == -1) fail_write("write", errno);
  if (system_calls.close(std::exchange(fd_, -1)) == -1 && errno != EINTR) fail_write("write", errno);
  if (system_calls.rename(temporary_.c_str(), path_.c_str()) == -1) fail_write("replace", errno);
  temporary_.clear();
  // The name itself survives a power cut only once its folder is written; the file is in place either way.
  const size_t slash = path_.rfind('/');
  const std::string folder = slash == path_.npos ? "." : path_.substr(0, slash + 1);
  const int fd = system_calls.open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd == -1) return;
  system_calls.fsync(fd);
  system_calls.close(fd);
}

FileAppender::FileAppender(std::string path, bool keep) : path_(std::move(path)) {
  struct stat info;
  fd_ = open_file(path_, O_WRONLY | O_CREAT | O_APPEND | (keep ? 0 : O_TRUNC), info);
  size_ = info.st_size;
}

FileAppender::~FileAppender() { system_calls.close(fd_); }

void FileAppender::write(std::string_view text) { write_all(fd_, path_, std::as_bytes(std::span(text))); }

bool file_exists(const std::string& path) { return path.find('\0') == path.npos && access(path.c_str(), F_OK) == 0; }

}  // namespace mlxc
