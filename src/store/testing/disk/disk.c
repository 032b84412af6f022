/*
 * A disk between a process and the C library (LD_PRELOAD). It sees every call that changes a file below $DISK_ROOT and
 *   - records it, with its bytes and in the true order, in $DISK_TRACE (trace.ts reads it);
 *   - lets calls fail, syncs wait or lie about having synced, as the numbers in $DISK_CONTROL say (control.ts writes them).
 * What is written to a file named `notes` is recorded as a note: so the process says between two calls what it has acknowledged.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OP_WRITE = 1, OP_SYNC = 2, OP_TRUNCATE = 4, OP_READ = 8 };
enum { T_OPEN = 1, T_WRITE, T_TRUNCATE, T_SYNC, T_SYNCED, T_UNLINK, T_RENAME, T_LINK, T_NOTE };
enum { LIE_LOG = 1, LIE_FILE = 2, LIE_DIRECTORY = 4, LIE_OTHER = 8 };

/* As in control.ts. */
struct control {
  int32_t held, ops, after, error, lasting, seen, failed, lies, halves, syncs, released;
};

struct header {
  uint32_t type, file, length, extra;
  uint64_t offset;
};

#define MAX_FD 65536
#define MAX_FILES 4096
static struct { uint32_t id; char lie, note, isdir; } fds[MAX_FD];
static struct { dev_t dev; ino_t ino; uint32_t id; } files[MAX_FILES];
static int file_count;
static uint32_t next_id = 1, next_sync = 1;
static const char *root;
static size_t root_length;
static int trace = -1;
static struct control *control, calm = {.after = -1};
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_read)(int, void *, size_t);
static int (*real_close)(int);

static void start(void) {
  real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  real_read = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
  real_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
  control = &calm;
  root = getenv("DISK_ROOT");
  if (!root) return;
  root_length = strlen(root);
  const char *path = getenv("DISK_TRACE");
  if (path) trace = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  path = getenv("DISK_CONTROL");
  int fd = path ? real_open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *shared = mmap(0, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) control = shared;
  real_close(fd);
}

static void put(const void *bytes, size_t length) {
  for (const char *at = bytes; length > 0;) {
    ssize_t done = real_write(trace, at, length);
    if (done <= 0) abort(); /* A trace with a hole would prove nothing. */
    at += done;
    length -= done;
  }
}

/* The caller holds the mutex. */
static void record(struct header header, const void *bytes) {
  if (trace < 0) return;
  put(&header, sizeof header);
  if (header.length) put(bytes, header.length);
}

static const char *below(const char *path) {
  pthread_once(&once, start);
  if (!root || !path || strncmp(path, root, root_length) != 0) return NULL;
  if (path[root_length] == 0) return ".";
  return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static int ends(const char *name, const char *tail) {
  size_t a = strlen(name), b = strlen(tail);
  return a >= b && strcmp(name + a - b, tail) == 0;
}

/* The file's number, the same under all its names. */
static uint32_t number_of(const struct stat *s) {
  for (int i = 0; i < file_count; i++)
    if (files[i].dev == s->st_dev && files[i].ino == s->st_ino) return files[i].id;
  if (file_count == MAX_FILES) abort();
  files[file_count].dev = s->st_dev;
  files[file_count].ino = s->st_ino;
  files[file_count].id = next_id;
  file_count++;
  return next_id++;
}

static void forget(const struct stat *s) {
  for (int i = 0; i < file_count; i++)
    if (files[i].dev == s->st_dev && files[i].ino == s->st_ino) {
      files[i] = files[--file_count];
      return;
    }
}

static int opened(int fd, const char *name, int existed, int flags) {
  if (fd < 0 || fd >= MAX_FD || !name) return fd;
  struct stat s;
  if (fstat(fd, &s) != 0) return fd;
  fds[fd].id = 0;
  if (ends(name, "-shm")) return fd; /* Memory, which no crash survives. */
  fds[fd].id = number_of(&s);
  fds[fd].note = ends(name, "notes");
  fds[fd].isdir = S_ISDIR(s.st_mode);
  fds[fd].lie = S_ISDIR(s.st_mode) ? LIE_DIRECTORY
                : ends(name, ".db-wal") ? LIE_LOG
                : ends(name, "state.db") ? LIE_FILE : LIE_OTHER;
  if (fds[fd].note) return fd;
  record((struct header){T_OPEN, fds[fd].id, strlen(name), (existed ? 0 : 1) | (S_ISDIR(s.st_mode) ? 2 : 0), 0}, name);
  if (existed && (flags & O_TRUNC)) record((struct header){T_TRUNCATE, fds[fd].id, 0, 0, 0}, NULL);
  return fd;
}

static int open_file(const char *path, int flags, mode_t mode) {
  const char *name = below(path);
  if (!name) return real_open(path, flags, mode);
  pthread_mutex_lock(&mutex);
  struct stat s;
  int existed = lstat(path, &s) == 0;
  int fd = opened(real_open(path, flags, mode), name, existed, flags);
  int saved = errno;
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return fd;
}

#define MODE                                   \
  mode_t mode = 0;                             \
  if (flags & (O_CREAT | O_TMPFILE)) {         \
    va_list list;                              \
    va_start(list, flags);                     \
    mode = va_arg(list, mode_t);               \
    va_end(list);                              \
  }
int open(const char *path, int flags, ...) { MODE return open_file(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_file(path, flags, mode); }
static int open_at(int directory, const char *path, int flags, mode_t mode) {
  if (below(path)) return open_file(path, flags, mode);
  REAL(openat);
  return real(directory, path, flags, mode);
}
int openat(int directory, const char *path, int flags, ...) { MODE return open_at(directory, path, flags, mode); }
int openat64(int directory, const char *path, int flags, ...) { MODE return open_at(directory, path, flags, mode); }

int close(int fd) {
  pthread_once(&once, start);
  if (fd >= 0 && fd < MAX_FD) fds[fd].id = 0;
  return real_close(fd);
}

static uint32_t id_of(int fd) {
  pthread_once(&once, start);
  return fd >= 0 && fd < MAX_FD ? fds[fd].id : 0;
}

/* Whether it is still that file: some calls of the C library close without a word, and the number is another file's. */
static int reads_it(int fd) {
  uint32_t id = id_of(fd);
  struct stat s;
  if (!id || fstat(fd, &s) != 0) return 0;
  for (int i = 0; i < file_count; i++)
    if (files[i].id == id) return files[i].dev == s.st_dev && files[i].ino == s.st_ino;
  return 0;
}

/* Whether this call is to fail, and with what. */
static int failure(int op) {
  if (!(control->ops & op) || control->after < 0) return 0;
  int32_t number = __atomic_fetch_add(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (number != control->after && !(control->lasting && number > control->after)) return 0;
  __atomic_fetch_add(&control->failed, 1, __ATOMIC_SEQ_CST);
  return control->error;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off64_t offset) {
  REAL(pwrite64);
  if (!id_of(fd) || fds[fd].note) return real(fd, bytes, length, offset);
  int error = failure(OP_WRITE);
  if (error && control->halves && length > 1) {
    length /= 2; /* A short write, as a disk that is nearly full gives; the rest fails. */
    error = 0;
  }
  if (error) return errno = error, -1;
  pthread_mutex_lock(&mutex);
  ssize_t done = real(fd, bytes, length, offset);
  int saved = errno;
  if (done > 0) record((struct header){T_WRITE, fds[fd].id, done, 0, offset}, bytes);
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, bytes, length, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return write_at(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!id_of(fd)) return real_write(fd, bytes, length);
  if (fds[fd].note) {
    pthread_mutex_lock(&mutex);
    record((struct header){T_NOTE, 0, length, 0, 0}, bytes);
    pthread_mutex_unlock(&mutex);
    return length;
  }
  int error = failure(OP_WRITE);
  if (error) return errno = error, -1;
  pthread_mutex_lock(&mutex);
  ssize_t done = real_write(fd, bytes, length);
  int saved = errno;
  off64_t end = lseek64(fd, 0, SEEK_CUR);
  if (done > 0) record((struct header){T_WRITE, fds[fd].id, done, 0, end - done}, bytes);
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return done;
}

static ssize_t read_at(int fd, void *bytes, size_t length, off64_t offset) {
  REAL(pread64);
  if (reads_it(fd)) {
    int error = failure(OP_READ);
    if (error) return errno = error, -1;
  }
  return real(fd, bytes, length, offset);
}
ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return read_at(fd, bytes, length, offset); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) { return read_at(fd, bytes, length, offset); }

ssize_t read(int fd, void *bytes, size_t length) {
  pthread_once(&once, start);
  if (reads_it(fd)) {
    int error = failure(OP_READ);
    if (error) return errno = error, -1;
  }
  return real_read(fd, bytes, length);
}

static int truncate_to(int fd, off64_t length) {
  REAL(ftruncate64);
  if (!id_of(fd)) return real(fd, length);
  int error = failure(OP_TRUNCATE);
  if (error) return errno = error, -1;
  pthread_mutex_lock(&mutex);
  int result = real(fd, length);
  int saved = errno;
  if (result == 0) record((struct header){T_TRUNCATE, fds[fd].id, 0, 0, length}, NULL);
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}
int ftruncate(int fd, off_t length) { return truncate_to(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_to(fd, length); }

static void note_sync(uint32_t type, uint32_t id, uint32_t number) {
  pthread_mutex_lock(&mutex);
  record((struct header){type, id, 0, number, 0}, NULL);
  pthread_mutex_unlock(&mutex);
}

int fsync(int fd) {
  REAL(fsync);
  uint32_t id = id_of(fd);
  if (!id) return real(fd);
  int32_t order = __atomic_fetch_add(&control->syncs, 1, __ATOMIC_SEQ_CST);
  int error = failure(OP_SYNC);
  if (error) return errno = error, -1;
  while (__atomic_load_n(&control->held, __ATOMIC_SEQ_CST) &&
         __atomic_load_n(&control->released, __ATOMIC_SEQ_CST) <= order)
    usleep(500);
  if (control->lies & fds[fd].lie) return 0;
  uint32_t number = __atomic_fetch_add(&next_sync, 1, __ATOMIC_SEQ_CST);
  note_sync(T_SYNC, id, number);
  int result = real(fd);
  if (result == 0) note_sync(T_SYNCED, id, number);
  return result;
}
int fdatasync(int fd) { return fsync(fd); }

static int changed_name(int result, struct header header, const char *name, const char *other) {
  int saved = errno;
  char both[8192];
  if (result == 0) {
    header.length = snprintf(both, sizeof both, "%s%s%s", name, other ? "\n" : "", other ? other : "");
    record(header, both);
  }
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}

int unlink(const char *path) {
  REAL(unlink);
  const char *name = below(path);
  if (!name || ends(name, "-shm")) return real(path);
  pthread_mutex_lock(&mutex);
  struct stat s;
  int last = lstat(path, &s) == 0 && s.st_nlink == 1;
  int result = real(path);
  if (result == 0 && last) forget(&s);
  return changed_name(result, (struct header){T_UNLINK, 0, 0, 0, 0}, name, NULL);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  const char *name = below(from);
  if (!name || !below(to)) return real(from, to);
  pthread_mutex_lock(&mutex);
  struct stat s;
  int replaced = lstat(to, &s) == 0 && s.st_nlink == 1;
  int result = real(from, to);
  if (result == 0 && replaced) forget(&s);
  return changed_name(result, (struct header){T_RENAME, 0, 0, 0, 0}, name, below(to));
}

int link(const char *from, const char *to) {
  REAL(link);
  const char *name = below(from);
  if (!name || !below(to)) return real(from, to);
  pthread_mutex_lock(&mutex);
  return changed_name(real(from, to), (struct header){T_LINK, 0, 0, 0, 0}, name, below(to));
}
