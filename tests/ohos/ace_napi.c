/*
 * A stand-in for OpenHarmony's libace_napi.z.so: it has every function that the NDK declares, none
 * of which works, and remembers which modules were registered.
 */
#include <stddef.h>
#include <string.h>

/* `napi_module` of OpenHarmony's napi/native_api.h. */
struct module {
  int version;
  unsigned int flags;
  const char *file;
  void *reg;
  const char *name;
  void *private_data;
  void *reserved[4];
};

int ace_count;
void *ace_registered;
char ace_name[128];
int ace_version;

void napi_module_register(struct module *module) {
  ace_count++;
  ace_registered = module->reg;
  ace_version = module->version;
  strncpy(ace_name, module->name != NULL ? module->name : "", sizeof ace_name - 1);
}

#define NAME(function)                                                                             \
  int function(void) {                                                                             \
    return 1;                                                                                      \
  }
/* One line for each of the other functions. */
#include "names.inc"
