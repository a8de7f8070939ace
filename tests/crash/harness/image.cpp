// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/image.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

#include "runtime/base/check.hpp"

namespace dormouse::crash {

namespace {

namespace fs = std::filesystem;

int take_in(Image& image, const fs::path& path, std::map<Inode, int>* inodes) {
  struct stat facts {};
  check(::lstat(path.c_str(), &facts) == 0, "image:stat");
  const int place = static_cast<int>(image.nodes.size());
  image.nodes.push_back({S_ISDIR(facts.st_mode), {}, {}});
  if (inodes != nullptr) (*inodes)[{facts.st_dev, facts.st_ino}] = place;
  if (!S_ISDIR(facts.st_mode)) {
    std::ifstream in(path, std::ios::binary);
    image.nodes[place].bytes.assign(std::istreambuf_iterator<char>(in), {});
    return place;
  }
  for (const auto& entry : fs::directory_iterator(path)) {
    const int child = take_in(image, entry.path(), inodes);
    image.nodes[place].names[entry.path().filename()] = child;
  }
  return place;
}

void put_out(const Image& image, int place, const fs::path& path) {
  const Node& node = image.nodes[place];
  if (!node.folder) {
    std::ofstream out(path, std::ios::binary);
    out.write(node.bytes.data(), static_cast<std::streamsize>(node.bytes.size()));
    out.close();
    check(out.good(), "image:write");
    return;
  }
  check(fs::create_directory(path), "image:folder");
  for (const auto& [name, child] : node.names) put_out(image, child, path / name);
}

void list(const Image& image, int place, const std::string& path, std::map<std::string, std::string>& files) {
  for (const auto& [name, child] : image.nodes[place].names) {
    const Node& node = image.nodes[child];
    files[path + name + (node.folder ? "/" : "")] = node.bytes;
    list(image, child, path + name + "/", files);
  }
}

/// Eight bytes a step, because states are large and many.
void mix(std::uint64_t& hash, std::string_view bytes) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
  const auto stir = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * odd;
    hash ^= hash >> 29;
  };
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= bytes.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    stir(word);
  }
  std::uint64_t rest = 0;
  if (i < bytes.size()) std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
  stir(rest);
  stir(bytes.size());
}

void mix_node(const Image& image, int place, std::uint64_t& hash) {
  const Node& node = image.nodes[place];
  mix(hash, node.folder ? "folder" : "file");
  mix(hash, node.bytes);
  for (const auto& [name, child] : node.names) {
    mix(hash, name);
    mix_node(image, child, hash);
  }
  mix(hash, "end");
}

}  // namespace

Image Image::of(const fs::path& folder, std::map<Inode, int>* inodes) {
  Image image;
  take_in(image, folder, inodes);
  return image;
}

void Image::write_to(const fs::path& folder) const {
  put_out(*this, 0, folder);
}

std::uint64_t Image::hash() const {
  std::uint64_t hash = 0;
  mix_node(*this, 0, hash);
  return hash;
}

std::map<std::string, std::string> Image::files() const {
  std::map<std::string, std::string> files;
  list(*this, 0, "", files);
  return files;
}

const Node* Image::find(const std::string& path) const {
  const Node* node = &nodes[0];
  for (const auto& part : fs::path(path)) {
    const auto found = node->names.find(part);
    if (found == node->names.end()) return nullptr;
    node = &nodes[found->second];
  }
  return node;
}

}  // namespace dormouse::crash
