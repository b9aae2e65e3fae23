/* Calls of the operating system that fail when they are told to. Loaded before the C library (LD_PRELOAD), so that what Arrow, SQLite,
 * safetensors and Python call is met alike. Only files below the armed folder count, and files without a root, which lie in it, too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN, READ, WRITE, RENAME, LINK, FSYNC, CLOSE, CALLS };
enum { FILES = 4096 };

static char folder[4096];
static int armed, failing, error, lasting;
static long countdown, room = -1, counts[CALLS];
static double shift; /* of the clock, in seconds */
static long shift_at; /* calls from now */
static unsigned char ours[FILES];

#define NEXT(name) static __typeof__(&name) next; if (!next) next = (__typeof__(next))dlsym(RTLD_NEXT, #name)

/* Count nothing, let nothing fail: `call` is one of enum call, or -1 for any. From its `nth` on it fails with `number`: once, or from then on
 * if `lasts`. A negative `number` is a signal that the process gets instead. */
void chaos_arm(const char *below, int call, long nth, int number, int lasts) {
    strncpy(folder, below, sizeof folder - 1);
    failing = call, countdown = nth, error = number, lasting = lasts, room = -1;
    memset(counts, 0, sizeof counts);
    armed = 1;
}

/* Have the disk be full after `bytes` more. */
void chaos_room(long bytes) { room = bytes; }

/* Have the clock go wrong by `seconds` after `calls` more calls. */
void chaos_clock(double seconds, long calls) { shift = seconds, shift_at = calls; }

void chaos_counts(long *into) { memcpy(into, counts, sizeof counts); }

static int is_ours(const char *path) {
    return armed && path && (path[0] != '/' || strncmp(path, folder, strlen(folder)) == 0);
}

static int is_open(int file) { return armed && file >= 0 && file < FILES && ours[file]; }

static int fails(enum call call) {
    counts[call]++;
    if (shift_at > 0) shift_at--;
    if (failing >= 0 && failing != (int)call) return 0;
    if (countdown == 0 && lasting && error > 0) { errno = error; return 1; }
    if (countdown <= 0 || --countdown > 0) return 0;
    if (error < 0) { kill(getpid(), -error); return 0; }
    errno = error;
    return error > 0;
}

static int opened(int file, const char *path) {
    if (file >= 0 && file < FILES) ours[file] = is_ours(path);
    return file;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        NEXT(name); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if (is_ours(path) && fails(OPEN)) return -1; \
        return opened(next(path, flags, mode), path); \
    }
#define OPENS_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        NEXT(name); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if (is_ours(path) && fails(OPEN)) return -1; \
        return opened(next(at, path, flags, mode), path); \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

/* How many of `size` bytes there is room for; -1 if for none. */
static ssize_t fitting(size_t size) {
    if (room < 0) return size;
    if (room == 0 && size) { errno = ENOSPC; return -1; }
    if ((long)size > room) size = room;
    room -= size;
    return size;
}

#define WRITES(name, parameters, arguments) \
    ssize_t name parameters { \
        NEXT(name); \
        if (is_open(file)) { \
            if (fails(WRITE)) return -1; \
            ssize_t fit = fitting(size); \
            if (fit < 0) return -1; \
            size = fit; \
        } \
        return next arguments; \
    }
WRITES(write, (int file, const void *data, size_t size), (file, data, size))
WRITES(pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
WRITES(pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))

ssize_t writev(int file, const struct iovec *parts, int number) {
    NEXT(writev);
    size_t size = 0;
    for (int i = 0; i < number; i++) size += parts[i].iov_len;
    if (is_open(file)) {
        if (fails(WRITE)) return -1;
        ssize_t fit = fitting(size);
        if (fit < 0) return -1;
        if ((size_t)fit < size) return write(file, parts[0].iov_base, parts[0].iov_len < (size_t)fit ? parts[0].iov_len : (size_t)fit);
    }
    return next(file, parts, number);
}

#define READS(name, parameters, arguments) \
    ssize_t name parameters { NEXT(name); if (is_open(file) && fails(READ)) return -1; return next arguments; }
READS(read, (int file, void *data, size_t size), (file, data, size))
READS(pread, (int file, void *data, size_t size, off_t at), (file, data, size, at))
READS(pread64, (int file, void *data, size_t size, off64_t at), (file, data, size, at))

#define NAMES(call, name, parameters, arguments, path) \
    int name parameters { NEXT(name); if (is_ours(path) && fails(call)) return -1; return next arguments; }
NAMES(RENAME, rename, (const char *from, const char *to), (from, to), to)
NAMES(RENAME, renameat, (int in, const char *from, int at, const char *to), (in, from, at, to), to)
NAMES(LINK, link, (const char *from, const char *to), (from, to), to)
NAMES(LINK, unlink, (const char *path), (path), path)
NAMES(LINK, mkdir, (const char *path, mode_t mode), (path, mode), path)

#define SYNCS(name) \
    int name(int file) { NEXT(name); if (is_open(file) && fails(FSYNC)) return -1; return next(file); }
SYNCS(fsync)
SYNCS(fdatasync)

/* As the kernel does, it closes the file, whatever it says. */
int close(int file) {
    NEXT(close);
    int is_one = is_open(file);
    if (file >= 0 && file < FILES) ours[file] = 0;
    int bad = is_one && fails(CLOSE), number = errno;
    int result = next(file);
    if (bad) { errno = number; return -1; }
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime);
    int result = next(clock, time);
    if (clock == CLOCK_REALTIME && shift && shift_at == 0) time->tv_sec += (time_t)shift;
    return result;
}
