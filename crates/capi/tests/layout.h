/* Assertions at compile time, as C99 and later or as C++. */
#include <stddef.h>

#define GLUE2(a, b) a##b
#define GLUE(a, b) GLUE2(a, b)
/* C99 has no static assertion: an array of -1 bytes is one. */
#define ASSERT(condition) typedef char GLUE(assertion_, __LINE__)[(condition) ? 1 : -1]

/* Most fields are pointers, or as long as one. */
#define P sizeof(void *)
