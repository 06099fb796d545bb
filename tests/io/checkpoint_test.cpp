#include "io/checkpoint.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "io/safetensors_bytes.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

using test::entry;
using test::safetensors;
using test::TempFolder;

constexpr const char* kIndex = "model.safetensors.index.json";

std::string shard(const std::string& name, const std::string& data) {
  const std::string size = std::to_string(data.size());
  return safetensors("{" + entry(name, "U8", "[" + size + "]", "[0," + size + "]") + "}", data);
}

std::string text_of(const Checkpoint::Tensor& tensor) { return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()}; }

Error error_of(const std::string& folder) {
  try {
    Checkpoint::open(folder, LoadMode::mapped);
  } catch (const Error& error) {
    return error;
  }
  return Error(Status::ok, "");
}

void write_sharded(const TempFolder& folder) {
  folder.write("one.safetensors", shard("a", "01"));
  folder.write("two.safetensors", shard("b", "234"));
  folder.write(kIndex, R"({"metadata":{"total_size":5},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
}

TEST(Checkpoint, ReadsOneFile) {
  TempFolder folder;
  folder.write("model.safetensors", test::small_safetensors());
  for (LoadMode mode : {LoadMode::mapped, LoadMode::copied}) {
    auto checkpoint = Checkpoint::open(folder.path(), mode);
    EXPECT_EQ(checkpoint->names(), (std::vector<std::string_view>{"a", "b", "empty"}));
    EXPECT_EQ(checkpoint->total_bytes(), 22);
    EXPECT_EQ(text_of(checkpoint->at("b")), "ghijkl");
    EXPECT_EQ(checkpoint->files().size(), 1u);
  }
}

TEST(Checkpoint, ReadsShards) {
  TempFolder folder;
  write_sharded(folder);
  auto checkpoint = Checkpoint::open(folder.path(), LoadMode::mapped);
  EXPECT_EQ(checkpoint->names(), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(checkpoint->total_bytes(), 5);
  EXPECT_EQ(text_of(checkpoint->at("a")), "01");
  EXPECT_EQ(text_of(checkpoint->at("b")), "234");
  EXPECT_EQ(checkpoint->find("c"), nullptr);
}

TEST(Checkpoint, TheIndexDecidesWhichShardATensorComesFrom) {
  TempFolder folder;
  folder.write("one.safetensors", shard("a", "old"));
  folder.write("two.safetensors", shard("a", "new"));
  folder.write("three.safetensors",
               safetensors("{" + entry("b", "U8", "[1]", "[0,1]") + "," + entry("unlisted", "U8", "[1]", "[1,2]") + "}", "01"));
  folder.write(kIndex, R"({"weight_map":{"a":"two.safetensors","b":"three.safetensors"}})");
  auto checkpoint = Checkpoint::open(folder.path(), LoadMode::mapped);
  EXPECT_EQ(text_of(checkpoint->at("a")), "new");
  EXPECT_EQ(checkpoint->find("unlisted"), nullptr);
  EXPECT_EQ(checkpoint->files().size(), 2u);
}

TEST(Checkpoint, OneFileGoesBeforeTheIndex) {
  TempFolder folder;
  write_sharded(folder);
  folder.write("model.safetensors", shard("single", "0"));
  EXPECT_EQ(Checkpoint::open(folder.path(), LoadMode::mapped)->names(), (std::vector<std::string_view>{"single"}));
}

// models--x/snapshots/<revision>/<file> -> ../../blobs/<hash>, as the hub's cache lays models out.
TEST(Checkpoint, FollowsTheLinksOfTheHuggingFaceCache) {
  TempFolder cache;
  cache.write("models--x/blobs/aaaa", shard("a", "01"));
  cache.write("models--x/blobs/bbbb", shard("b", "234"));
  cache.write("models--x/blobs/cccc", R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
  const std::string snapshot = cache / "models--x/snapshots/12ab";
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_symlink("../../blobs/aaaa", snapshot + "/one.safetensors");
  std::filesystem::create_symlink("../../blobs/bbbb", snapshot + "/two.safetensors");
  std::filesystem::create_symlink("../../blobs/cccc", snapshot + "/" + kIndex);
  EXPECT_EQ(text_of(Checkpoint::open(snapshot, LoadMode::mapped)->at("b")), "234");
}

TEST(Checkpoint, LinksLeadToRegularFilesOnly) {
  TempFolder folder;
  std::filesystem::create_directory(folder / "m");
  std::filesystem::create_symlink("/dev/zero", folder / "m/model.safetensors");
  EXPECT_EQ(error_of(folder / "m").status(), Status::io);
  std::filesystem::remove(folder / "m/model.safetensors");
  std::filesystem::create_symlink("..", folder / "m/model.safetensors");
  EXPECT_EQ(error_of(folder / "m").status(), Status::io);
  std::filesystem::remove(folder / "m/model.safetensors");
  std::filesystem::create_symlink("nowhere", folder / "m/model.safetensors");
  EXPECT_EQ(error_of(folder / "m").status(), Status::not_found);
}

TEST(Checkpoint, SaysWhatAFolderLacks) {
  TempFolder folder;
  EXPECT_EQ(error_of(folder / "absent").status(), Status::not_found);
  const Error empty = error_of(folder.path());
  EXPECT_EQ(empty.status(), Status::not_found);
  EXPECT_NE(std::string(empty.what()).find("neither model.safetensors nor model.safetensors.index.json"), std::string::npos);
  folder.write("pytorch_model.bin", "x");
  EXPECT_NE(std::string(error_of(folder.path()).what()).find("convert its pytorch_model.bin"), std::string::npos);
  write_sharded(folder);
  std::filesystem::remove(folder / "two.safetensors");
  const Error shard = error_of(folder.path());
  EXPECT_EQ(shard.status(), Status::not_found);
  EXPECT_EQ(shard.native(), ENOENT);
  EXPECT_NE(std::string(shard.what()).find("two.safetensors"), std::string::npos);
}

TEST(Checkpoint, AMissingTensorIsAnErrorThatNamesItAndItsNeighbours) {
  TempFolder folder;
  folder.write("model.safetensors", shard("model.layers.0.mlp.up.weight", "0"));
  try {
    Checkpoint::open(folder.path(), LoadMode::mapped)->at("model.layers.0.mlp.gate.weight");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_NE(std::string(error.what()).find("'model.layers.0.mlp.gate.weight'"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("'model.layers.0.mlp.up.weight'"), std::string::npos);
  }
}

TEST(Checkpoint, CopiedWeightsOutliveTheFolder) {
  TempFolder folder;
  write_sharded(folder);
  auto checkpoint = Checkpoint::open(folder.path(), LoadMode::copied);
  std::filesystem::resize_file(folder / "one.safetensors", 0);
  std::filesystem::remove(folder / "two.safetensors");
  EXPECT_EQ(text_of(checkpoint->at("a")) + text_of(checkpoint->at("b")), "01234");
}

}  // namespace
}  // namespace mlxc
