/*
 * Loads a module as OpenHarmony's runtime does: `loader libace_napi.z.so MODULE NAME [CODE]`. The
 * module has to register itself once, by that name, with the function that Node.js would call. A
 * module of the system has to have what is in the file CODE, too.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Of a module of the system, `net.webSocket`. */
#define CODE_FUNCTION "NAPI_net_webSocket_GetABCCode"

static int failed;

static void expect(int holds, const char *what) {
  if (!holds) {
    fprintf(stderr, "loader: %s\n", what);
    failed = 1;
  }
}

static void *load(const char *file) {
  void *library = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) {
    fprintf(stderr, "loader: cannot load %s: %s\n", file, dlerror());
  }
  return library;
}

/* Whether the module hands over what is in the file. */
static int has_code(void *module, const char *file) {
  static char expected[1 << 20];
  FILE *stream = fopen(file, "rb");
  if (stream == NULL) {
    return 0;
  }
  size_t length = fread(expected, 1, sizeof expected, stream);
  fclose(stream);
  void (*get)(const char **, int *) = (void (*)(const char **, int *))dlsym(module, CODE_FUNCTION);
  if (get == NULL) {
    return 0;
  }
  const char *code = NULL;
  int count = 0;
  get(&code, NULL);
  get(NULL, &count);
  return length > 0 && (size_t)count == length && memcmp(code, expected, length) == 0;
}

int main(int count, char **arguments) {
  if (count != 4 && count != 5) {
    fprintf(stderr, "usage: loader libace_napi.z.so MODULE NAME [CODE]\n");
    return 2;
  }
  void *runtime = load(arguments[1]);
  if (runtime == NULL) {
    return 1;
  }
  const int *registrations = dlsym(runtime, "ace_count");
  const int *version = dlsym(runtime, "ace_version");
  const char *name = dlsym(runtime, "ace_name");
  void **registered = dlsym(runtime, "ace_registered");
  if (registrations == NULL || version == NULL || name == NULL || registered == NULL) {
    fprintf(stderr, "loader: %s is not the stand-in of the tests\n", arguments[1]);
    return 2;
  }
  expect(*registrations == 0, "a module was registered before any was loaded");
  void *module = load(arguments[2]);
  if (module == NULL) {
    return 1;
  }
  void *entry = dlsym(module, "napi_register_module_v1");
  expect(*registrations == 1, "the module has not registered itself once");
  expect(*version == 1, "the module's registration has not the version 1");
  expect(strcmp(name, arguments[3]) == 0, "the module has registered another name");
  expect(entry != NULL, "the module has no napi_register_module_v1");
  expect(*registered == entry, "the module has registered another function");
  if (count == 5) {
    expect(has_code(module, arguments[4]), "the module does not hand over that code");
  } else {
    expect(dlsym(module, CODE_FUNCTION) == NULL, "the module has code of a module of the system");
  }
  if (failed) {
    fprintf(stderr, "loader: %d registrations, name '%s'\n", *registrations, name);
  }
  return failed;
}
