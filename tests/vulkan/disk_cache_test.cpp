#include "backend/vulkan/disk_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "vulkan/environment.h"

namespace mlxc::vulkan {
namespace {

namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

class DiskCacheTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  ScopedVariable directory_{"MLXC_CACHE_DIR", folder_.path("cache")};
  ScopedVariable enabled_{"MLXC_VULKAN_CACHE", nullptr};
};

TEST_F(DiskCacheTest, GivesBackWhatWasStoredForTheSameIdentity) {
  const auto cache = DiskCache::open();
  ASSERT_TRUE(cache);
  const auto content = bytes_of("the content of a cache");
  cache->store("x", "driver 1", content);
  EXPECT_EQ(cache->load("x", "driver 1", 1000), content);
  EXPECT_TRUE(cache->load("x", "driver 2", 1000).empty());
  EXPECT_TRUE(cache->load("y", "driver 1", 1000).empty());
  cache->store("x", "driver 1", bytes_of("newer"));
  EXPECT_EQ(DiskCache::open()->load("x", "driver 1", 1000), bytes_of("newer"));
}

TEST_F(DiskCacheTest, MakesAFolderThatOnlyItsOwnerSees) {
  ASSERT_TRUE(DiskCache::open());
  struct stat info;
  ASSERT_EQ(stat(folder_.path("cache").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(DiskCacheTest, FindsItsFolderAsXdgSays) {
  ScopedVariable none("MLXC_CACHE_DIR", nullptr);
  ScopedVariable home("HOME", folder_.path("home"));
  {
    ScopedVariable xdg("XDG_CACHE_HOME", folder_.path("xdg"));
    ASSERT_TRUE(DiskCache::open());
    EXPECT_TRUE(fs::is_directory(folder_.path("xdg/mlxc")));
  }
  ScopedVariable xdg("XDG_CACHE_HOME", "relative/is/ignored");
  ASSERT_TRUE(DiskCache::open());
  EXPECT_TRUE(fs::is_directory(folder_.path("home/.cache/mlxc")));
}

TEST_F(DiskCacheTest, IsOffWhenAskedAndWithoutAPlace) {
  {
    ScopedVariable off("MLXC_VULKAN_CACHE", "0");
    EXPECT_FALSE(DiskCache::open());
  }
  ScopedVariable none("MLXC_CACHE_DIR", nullptr), xdg("XDG_CACHE_HOME", nullptr), home("HOME", nullptr);
  EXPECT_FALSE(DiskCache::open());
}

TEST_F(DiskCacheTest, RefusesAFolderThatOthersMayWriteTo) {
  fs::create_directory(folder_.path("cache"));
  for (mode_t mode : {0777u, 0770u, 0720u, 0702u}) {
    ASSERT_EQ(chmod(folder_.path("cache").c_str(), mode), 0);
    EXPECT_FALSE(DiskCache::open()) << std::oct << mode;
  }
  ASSERT_EQ(chmod(folder_.path("cache").c_str(), 0755), 0);
  EXPECT_TRUE(DiskCache::open());
}

TEST_F(DiskCacheTest, RefusesAFolderOfSomeoneElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  fs::create_directory(folder_.path("cache"));
  ASSERT_EQ(chown(folder_.path("cache").c_str(), 12345, 12345), 0);
  EXPECT_FALSE(DiskCache::open());
}

TEST_F(DiskCacheTest, RefusesASymbolicLinkAsItsFolder) {
  fs::create_directory(folder_.path("elsewhere"));
  fs::create_directory_symlink(folder_.path("elsewhere"), folder_.path("cache"));
  EXPECT_FALSE(DiskCache::open());
}

class DamagedFileTest : public DiskCacheTest {
 protected:
  void SetUp() override {
    cache_ = DiskCache::open();
    ASSERT_TRUE(cache_);
    cache_->store("x", "identity", content_);
    path_ = cache_->path_of("x", "identity");
    file_ = read_whole(path_);
    ASSERT_GT(file_.size(), content_.size());
  }
  bool loads() const { return !cache_->load("x", "identity", 1 << 20).empty(); }

  std::vector<std::byte> content_ = bytes_of(std::string(300, 'c'));
  std::shared_ptr<const DiskCache> cache_;
  std::string path_, file_;
};

TEST_F(DamagedFileTest, IsIgnoredWhenTruncatedAnywhere) {
  for (size_t length = 0; length < file_.size(); length += 64) {
    write_whole(path_, file_.substr(0, length));
    EXPECT_FALSE(loads()) << length;
  }
  write_whole(path_, file_.substr(0, file_.size() - 1));
  EXPECT_FALSE(loads());
  write_whole(path_, file_ + "x");
  EXPECT_FALSE(loads());
  write_whole(path_, file_);
  EXPECT_TRUE(loads());
}

TEST_F(DamagedFileTest, IsIgnoredWithAnyByteChanged) {
  for (size_t at = 0; at < file_.size(); ++at) {
    std::string damaged = file_;
    damaged[at] = char(damaged[at] ^ (1 << (at % 8)));
    write_whole(path_, damaged);
    EXPECT_FALSE(loads()) << at;
  }
}

TEST_F(DamagedFileTest, IsIgnoredWhenTooLarge) { EXPECT_TRUE(cache_->load("x", "identity", content_.size() - 1).empty()); }

TEST_F(DamagedFileTest, IsIgnoredAsASymbolicLinkOrAnythingButAFile) {
  fs::rename(path_, folder_.path("moved"));
  fs::create_symlink(folder_.path("moved"), path_);
  EXPECT_FALSE(loads());
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_FALSE(loads());
  fs::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(loads());
}

TEST_F(DamagedFileTest, IsIgnoredWhenOthersMayWriteToIt) {
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  EXPECT_FALSE(loads());
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_TRUE(loads());
}

TEST_F(DamagedFileTest, IsReplacedByTheNextStore) {
  write_whole(path_, "nothing of ours");
  cache_->store("x", "identity", bytes_of("fresh"));
  EXPECT_EQ(cache_->load("x", "identity", 100), bytes_of("fresh"));
  fs::remove(path_);
  fs::create_symlink(folder_.path("target"), path_);  // the link is replaced, its target stays away
  cache_->store("x", "identity", bytes_of("fresh"));
  EXPECT_EQ(cache_->load("x", "identity", 100), bytes_of("fresh"));
  EXPECT_FALSE(fs::exists(folder_.path("target")));
}

TEST_F(DiskCacheTest, StoringWhereNothingCanBeWrittenChangesNothing) {
  const auto cache = DiskCache::open();
  ASSERT_TRUE(cache);
  fs::remove_all(folder_.path("cache"));
  cache->store("x", "identity", bytes_of("lost"));
  EXPECT_TRUE(cache->load("x", "identity", 100).empty());
}

TEST(Checksum, DependsOnEveryByteAndOnTheLength) {
  std::set<uint64_t> seen;
  std::string text(40, 'a');
  seen.insert(checksum_of(text));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'b';
    EXPECT_TRUE(seen.insert(checksum_of(other)).second) << i;
  }
  for (size_t length = 0; length < text.size(); ++length) EXPECT_TRUE(seen.insert(checksum_of(text.substr(0, length))).second) << length;
}

}  // namespace
}  // namespace mlxc::vulkan
