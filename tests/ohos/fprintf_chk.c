/*
 * Debian's libunwind.a is built for glibc, with its checked functions. This is the one that musl
 * lacks.
 */
#include <stdarg.h>
#include <stdio.h>

__attribute__((visibility("hidden"))) int __fprintf_chk(FILE *file, int flag, const char *format,
                                                        ...) {
  (void)flag;
  va_list arguments;
  va_start(arguments, format);
  int written = vfprintf(file, format, arguments);
  va_end(arguments);
  return written;
}
