// A stranger's C++17 program that finds the library through its CMake package: handles in unique_ptr, a lambda as the callback.
#include <mlxc/mlxc.h>

#include <cstdio>
#include <memory>
#include <string>

struct Free {
  void operator()(mlxc_model* model) const { mlxc_model_free(model); }
};

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  mlxc_error error = MLXC_ERROR_INIT;
  mlxc_model* loaded = nullptr;
  if (mlxc_model_load(&loaded, argv[1], nullptr, &error) != MLXC_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  const std::unique_ptr<mlxc_model, Free> model(loaded);

  const std::string text = "Once upon a time";
  mlxc_prompt prompt{};
  prompt.text = text.data();
  prompt.text_bytes = text.size();
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.max_tokens = 8;
  options.temperature = 0;
  std::string story;
  const auto append = [](const mlxc_event* event, void* user_data) -> int32_t {
    if (event->type == MLXC_EVENT_TOKEN) static_cast<std::string*>(user_data)->append(event->text, event->text_bytes);
    return 0;
  };
  if (mlxc_generate_batch(nullptr, model.get(), &prompt, 1, &options, nullptr, append, &story, &error) != MLXC_OK || story.empty()) {
    std::fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  std::printf("%s%s\n", text.c_str(), story.c_str());
  return 0;
}
