#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <functional>

#include "base/error.h"
#include "support/faults.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

using test::Faults;
using test::TempFolder;

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(Status::ok, "no error");
}

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

TEST(File, ReadsAtPositionsAndInSequence) {
  TempFolder folder;
  File file(folder.write("f", "0123456789"));
  EXPECT_EQ(file.size(), 10);
  char buffer[4] = {};
  file.read_at(3, std::as_writable_bytes(std::span(buffer)));
  EXPECT_EQ(std::string(buffer, 4), "3456");
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(buffer))), 4u);
  EXPECT_EQ(std::string(buffer, 4), "0123");
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(buffer))), 4u);
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(buffer))), 2u);
  EXPECT_EQ(file.read(std::as_writable_bytes(std::span(buffer))), 0u);
}

TEST(File, ReadingPastTheEndIsAnErrorWithThePath) {
  TempFolder folder;
  File file(folder.write("short", "0123"));
  std::byte buffer[8];
  const Error error = error_of([&] { file.read_at(2, buffer); });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_NE(std::string(error.what()).find("short' ends at byte 4"), std::string::npos) << error.what();
}

TEST(File, MovingLeavesOneOwner) {
  TempFolder folder;
  const size_t before = test::open_descriptors();
  {
    File a(folder.write("a", "aa")), b(folder.write("b", "bbb"));
    b = std::move(a);
    EXPECT_EQ(b.size(), 2);
    File c(std::move(b));
    EXPECT_EQ(c.path(), folder / "a");
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(File, RefusesWhatIsNotARegularFileWithoutWaiting) {
  TempFolder folder;
  const std::string fifo = folder / "fifo", sock = folder / "socket";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const Error not_waited = error_of([&] { File{fifo}; });
  EXPECT_EQ(not_waited.status(), Status::io);
  EXPECT_NE(std::string(not_waited.what()).find("FIFO"), std::string::npos);

  const Error directory = error_of([&] { File{folder.path()}; });
  EXPECT_EQ(directory.status(), Status::io);
  EXPECT_EQ(directory.native(), EISDIR);
  EXPECT_EQ(error_of([] { File{"/dev/zero"}; }).status(), Status::io);

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, sock.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(error_of([&] { File{sock}; }).status(), Status::io);
  close(fd);
}

TEST(File, ErrorsCarryErrnoAndPath) {
  TempFolder folder;
  const std::string file = folder.write("file", "x");
  std::filesystem::create_symlink(folder / "loop", folder / "loop");
  const struct {
    std::string path;
    Status status;
    int native;
  } cases[] = {
      {folder / "absent", Status::not_found, ENOENT},
      {file + "/inside", Status::not_found, ENOTDIR},
      {folder / "loop", Status::io, ELOOP},
      {folder / std::string(5000, 'x'), Status::io, ENAMETOOLONG},
      {"", Status::invalid_argument, 0},
      {file + std::string("\0.txt", 5), Status::invalid_argument, 0},
  };
  for (const auto& c : cases) {
    const Error error = error_of([&] { File{c.path}; });
    EXPECT_EQ(error.status(), c.status) << error.what();
    EXPECT_EQ(error.native(), c.native) << error.what();
    if (c.native == ENOENT) {
      EXPECT_NE(std::string(error.what()).find(c.path), std::string::npos) << error.what();
    }
  }
}

TEST(File, PermissionDeniedIsAnIoError) {
  TempFolder folder;
  const std::string path = folder.write("secret", "x");
  if (geteuid() == 0) {  // the superuser may read everything: let the call itself refuse
    Faults faults(0, EACCES);
    const Error error = error_of([&] { File{path}; });
    EXPECT_EQ(error.status(), Status::io);
    EXPECT_EQ(error.native(), EACCES);
    return;
  }
  chmod(path.c_str(), 0);
  const Error error = error_of([&] { File{path}; });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_EQ(error.native(), EACCES);
}

TEST(ReadFile, KeepsTheLimitForFilesOfKnownAndUnknownSize) {
  TempFolder folder;
  const std::string path = folder.write("f", std::string(5000, 'x'));
  EXPECT_EQ(read_file(path, 5000), std::string(5000, 'x'));
  EXPECT_EQ(error_of([&] { read_file(path, 4999); }).status(), Status::format);
  EXPECT_EQ(read_file(folder.write("empty", ""), 0), "");
  EXPECT_FALSE(read_file("/proc/self/status", 1 << 20).empty());  // states size 0
  EXPECT_EQ(error_of([] { read_file("/proc/self/status", 10); }).status(), Status::format);
}

TEST(ReadFile, AHugeSparseFileIsRefusedBeforeAnyMemoryIsTaken) {
  TempFolder folder;
  const std::string path = folder.write("sparse", "x");
  std::filesystem::resize_file(path, uintmax_t(1) << 40);
  EXPECT_EQ(error_of([&] { read_file(path, 1 << 20); }).status(), Status::format);
}

TEST(MappedFile, ShowsTheContentAndMoves) {
  TempFolder folder;
  MappedFile map{File(folder.write("f", "mapped"))};
  map.advise(MappedFile::Access::soon);
  EXPECT_EQ(text_of(map.bytes()), "mapped");
  MappedFile other = std::move(map);
  EXPECT_TRUE(map.bytes().empty());
  EXPECT_EQ(text_of(other.bytes()), "mapped");
  MappedFile empty{File(folder.write("empty", ""))};
  empty.advise(MappedFile::Access::random);
  EXPECT_TRUE(empty.bytes().empty());
}

TEST(AlignedBuffer, IsAlignedAndRefusesMoreThanTheMachineHas) {
  for (int64_t size : {0, 1, 63, 100000}) {
    AlignedBuffer buffer(size, "test data");
    EXPECT_EQ(buffer.bytes().size(), size_t(size));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.bytes().data()) % 64, 0u);
  }
  EXPECT_EQ(error_of([] { AlignedBuffer(int64_t(1) << 60, "test data"); }).status(), Status::out_of_memory);
  EXPECT_EQ(error_of([] { AlignedBuffer(-1, "test data"); }).status(), Status::invalid_argument);
}

TEST(AtomicFileWriter, ReplacesTheFileOnlyOnCommit) {
  TempFolder folder;
  const std::string path = folder.write("f", "old");
  {
    AtomicFileWriter writer(path);
    writer.write("new");
    EXPECT_EQ(folder.read("f"), "old");
  }
  EXPECT_EQ(folder.read("f"), "old");
  EXPECT_EQ(folder.entries(), 1u);
  AtomicFileWriter writer(path);
  writer.write("new");
  writer.write(" content");
  writer.commit();
  EXPECT_EQ(folder.read("f"), "new content");
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(AtomicFileWriter, ReportsAFolderThatIsNotThere) {
  TempFolder folder;
  const Error error = error_of([&] { AtomicFileWriter{folder / "absent/f"}; });
  EXPECT_EQ(error.status(), Status::not_found);
  EXPECT_EQ(error.native(), ENOENT);
}

TEST(FileFaults, EveryFailingCallOfAReadIsReportedAndNothingLeaks) {
  TempFolder folder;
  const std::string path = folder.write("f", std::string(10000, 'x'));
  const size_t descriptors = test::open_descriptors();
  for (int error : {EIO, ENOMEM, EACCES}) {
    int reported = 0;
    for (int n = 0;; ++n) {
      Faults faults(n, error);
      const Error caught = error_of([&] { read_file(path, 1 << 20); });
      if (faults.failed().empty()) break;
      if (faults.failed() == "close") {
        EXPECT_EQ(caught.status(), Status::ok);
        continue;
      }
      EXPECT_EQ(caught.status(), error == ENOMEM ? Status::out_of_memory : Status::io) << faults.failed();
      EXPECT_EQ(caught.native(), error) << faults.failed();
      ++reported;
    }
    EXPECT_GE(reported, 3);  // open, fstat, read
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST(FileFaults, EveryFailingCallOfAWriteLeavesTheOldFileOrTheNewOne) {
  TempFolder folder;
  const size_t descriptors = test::open_descriptors();
  for (int error : {EIO, ENOSPC, EDQUOT}) {
    int reported = 0;
    for (int n = 0;; ++n) {
      const std::string path = folder.write("f", "old");
      Faults faults(n, error);
      const Error caught = error_of([&] {
        AtomicFileWriter writer(path);
        writer.write("new");
        writer.commit();
      });
      if (faults.failed().empty()) break;
      if (caught.status() == Status::ok) {
        EXPECT_EQ(folder.read("f"), "new") << faults.failed();  // the folder's own fsync, after the file was in place
      } else {
        EXPECT_EQ(folder.read("f"), "old") << faults.failed();
        EXPECT_EQ(caught.native(), error) << faults.failed();
        ++reported;
      }
      EXPECT_EQ(folder.entries(), 1u) << faults.failed();
    }
    EXPECT_EQ(reported, 5);  // open, write, fsync, close, rename
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST(FileFaults, InterruptedAndShortTransfersAreContinued) {
  TempFolder folder;
  const std::string path = folder.write("f", std::string(300, 'x')), target = folder / "g";
  auto copy = [&] {
    AtomicFileWriter writer(target);
    writer.write(read_file(path, 1000));
    writer.commit();
  };
  {
    Faults faults(Faults::kNever, EIO, 7);
    EXPECT_EQ(error_of(copy).status(), Status::ok);
    EXPECT_EQ(folder.read("g"), folder.read("f"));
  }
  int interrupted = 0;
  for (int n = 0;; ++n) {
    std::filesystem::remove(target);
    Faults faults(n, EINTR);
    const Error caught = error_of(copy);
    const std::string call = faults.failed();
    if (call.empty()) break;
    if (call == "fstat" || call == "rename") continue;  // never interrupted
    EXPECT_EQ(caught.status(), Status::ok) << call << ": " << caught.what();
    EXPECT_EQ(folder.read("g"), folder.read("f"));
    ++interrupted;
  }
  EXPECT_GE(interrupted, 6);
}

TEST(FileAppender, ContinuesAFileOrBeginsItAnew) {
  TempFolder folder;
  const std::string path = folder / "log";
  FileAppender(path, true).write("one\n");
  {
    FileAppender log(path, true);
    EXPECT_EQ(log.size(), 4);
    log.write("two\n");
    EXPECT_EQ(folder.read("log"), "one\ntwo\n");
  }
  FileAppender(path, false).write("three\n");
  EXPECT_EQ(folder.read("log"), "three\n");
  EXPECT_EQ(error_of([&] { FileAppender(folder / "absent/log", true); }).status(), Status::not_found);
  for (const char* call : {"open", "fstat", "write"}) {
    for (int n = 0;; ++n) {
      const size_t descriptors = test::open_descriptors();
      Faults faults(n, ENOSPC);
      const Error error = error_of([&] { FileAppender(path, true).write("x"); });
      if (faults.failed().empty()) break;
      if (faults.failed() == call) {
        EXPECT_EQ(error.status(), Status::io) << call;
      }
      EXPECT_EQ(test::open_descriptors(), descriptors);
    }
  }
}

TEST(FileFaults, AMappingThatFailsIsReported) {
  TempFolder folder;
  File file(folder.write("f", "x"));
  Faults faults(0, ENOMEM);
  const Error error = error_of([&] { MappedFile{file}; });
  EXPECT_EQ(error.status(), Status::out_of_memory);
  EXPECT_EQ(error.native(), ENOMEM);
}

}  // namespace
}  // namespace mlxc
