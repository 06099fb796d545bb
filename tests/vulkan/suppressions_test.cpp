// Not tests: what LeakSanitizer need not tell of these. lavapipe loses one 48-byte context for some shaders that it compiles.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();
const char* __lsan_default_suppressions() { return "leak:libvulkan_lvp.so\n"; }
