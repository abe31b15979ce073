/* What a process does to files under one folder, written down in the order in which it happened (LD_PRELOAD).
 *
 * POWER_ROOT is the folder, POWER_LOG the record. Each operation runs under a lock that all recorded processes share, so
 * the record's order is the order of the deeds: a write that stands before a sync was done before that sync began.
 * Only what succeeded is written down. The file POWER_FAULT, while it is there, holds "OP ERRNO PATH": syncs (OP s) or all that
 * changes something (OP w) of what has PATH in its name fail with that number, and POWER_FAULT.met says that one did. Memory maps are not seen: SQLite maps its -shm alone, which no power cut leaves.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(result, name, ...)                                  \
    static result (*real)(__VA_ARGS__);                          \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

struct head { /* little-endian, as tests/power/recording.py reads it */
    char op;
    uint64_t inode, offset;
    uint32_t path, other, data;
} __attribute__((packed));

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int record = -1;
static pid_t owner;

static ssize_t plain_write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, data, size);
}

static void must(int held, const char *what) {
    if (held) return;
    dprintf(2, "power shim: %s: %s\n", what, strerror(errno));
    abort(); /* a record with a hole proves nothing */
}

static void begin(void) {
    pthread_mutex_lock(&turn);
    if (owner != getpid()) { /* after a fork the description would be shared, and so would its lock */
        REAL(int, "open64", const char *, int, ...);
        const char *folder = getenv("POWER_ROOT"), *place = getenv("POWER_LOG");
        must(folder && place, "POWER_ROOT and POWER_LOG are not set");
        must(realpath(folder, root) != NULL, "POWER_ROOT");
        root_length = strlen(root);
        record = real(place, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        must(record >= 0, "POWER_LOG");
        owner = getpid();
    }
    int saved = errno;
    while (flock(record, LOCK_EX) < 0) must(errno == EINTR, "flock");
    errno = saved;
}

static void end(void) {
    int saved = errno;
    flock(record, LOCK_UN);
    pthread_mutex_unlock(&turn);
    errno = saved;
}

static int watched(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static void note(char op, uint64_t inode, uint64_t offset, const char *path, const char *other, const void *data,
                 size_t size) {
    int saved = errno;
    struct head head = {op, inode, offset, (uint32_t)strlen(path), (uint32_t)strlen(other), (uint32_t)size};
    size_t whole = sizeof head + head.path + head.other + size;
    char *line = malloc(whole);
    must(line != NULL, "memory");
    memcpy(line, &head, sizeof head);
    memcpy(line + sizeof head, path, head.path);
    memcpy(line + sizeof head + head.path, other, head.other);
    if (size) memcpy(line + sizeof head + head.path + head.other, data, size);
    for (size_t done = 0; done < whole;) {
        ssize_t now = plain_write(record, line + done, whole - done);
        must(now > 0, "the record");
        done += (size_t)now;
    }
    free(line);
    errno = saved;
}

/* Whether the medium refuses this: a sync, or anything that changes something. */
static int refused(char op, const char *path) {
    const char *place = getenv("POWER_FAULT");
    char wanted, part[256], met[PATH_MAX];
    int number = 0;
    if (!place) return 0;
    FILE *file = fopen(place, "re");
    if (!file) return 0;
    int read = fscanf(file, "%c %d %255s", &wanted, &number, part);
    fclose(file);
    if (read != 3 || wanted != op || !strstr(path, part)) return 0;
    snprintf(met, sizeof met, "%s.met", place);
    FILE *mark = fopen(met, "ae");
    if (mark) fclose(mark);
    errno = number;
    return 1;
}

/* The file of a descriptor, if it lies under the folder (a deleted one still does). */
static int file_of(int fd, char *path, uint64_t *inode) {
    struct stat about;
    char link[64];
    int saved = errno;
    if (fd == record || fstat(fd, &about) < 0 || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))) {
        errno = saved;
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    *inode = about.st_ino;
    return watched(path);
}

/* An absolute path without links in its folder part. */
static int place(int at, const char *given, char *path) {
    char joined[PATH_MAX * 2], folder[PATH_MAX];
    int saved = errno;
    if (given[0] == '/') snprintf(joined, sizeof joined, "%s", given);
    else {
        char base[PATH_MAX], link[64];
        if (at == AT_FDCWD) must(getcwd(base, sizeof base) != NULL, "getcwd");
        else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t length = readlink(link, base, sizeof base - 1);
            if (length < 0) { errno = saved; return 0; }
            base[length] = 0;
        }
        snprintf(joined, sizeof joined, "%s/%s", base, given);
    }
    size_t length = strlen(joined);
    while (length > 1 && joined[length - 1] == '/') joined[--length] = 0;
    char *last = strrchr(joined, '/');
    *last = 0;
    char *found = realpath(joined[0] ? joined : "/", folder);
    errno = saved;
    if (!found) return 0;
    return snprintf(path, PATH_MAX, "%s/%s", folder, last + 1) < PATH_MAX && watched(path);
}

static uint64_t inode_at(const char *path) {
    struct stat about;
    int saved = errno;
    uint64_t found = lstat(path, &about) < 0 ? 0 : about.st_ino;
    errno = saved;
    return found;
}

/* Opening: a file that is made, or emptied */

static int opened(int at, const char *name, int flags, mode_t mode) {
    REAL(int, "openat64", int, const char *, int, ...);
    if (!(flags & (O_CREAT | O_TRUNC))) return real(at, name, flags, mode);
    begin();
    char path[PATH_MAX];
    int ours = place(at, name, path);
    uint64_t before = ours ? inode_at(path) : 0;
    int stopped = ours && (!before || flags & O_TRUNC) && refused('w', path);
    int fd = stopped ? -1 : real(at, name, flags, mode);
    if (fd >= 0 && ours) {
        struct stat about;
        must(fstat(fd, &about) == 0, "fstat");
        if (!before) note('c', about.st_ino, 0, path, "", NULL, 0);
        else if (flags & O_TRUNC) note('t', about.st_ino, 0, path, "", NULL, 0);
    }
    end();
    return fd;
}

#define MODE(flags)                                              \
    mode_t mode = 0;                                             \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                       \
        va_list rest;                                            \
        va_start(rest, flags);                                   \
        mode = va_arg(rest, mode_t);                             \
        va_end(rest);                                            \
    }

int open(const char *name, int flags, ...) { MODE(flags) return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return opened(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags) return opened(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags) return opened(at, name, flags, mode); }
int creat(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* Writing */

static ssize_t wrote(int fd, const void *data, size_t size, off64_t offset, int placed) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    char path[PATH_MAX];
    uint64_t inode;
    struct stat about;
    if (fd < 0 || fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) /* a socket or a pipe must not wait for the lock */
        return placed ? real(fd, data, size, offset) : plain_write(fd, data, size);
    begin();
    int ours = file_of(fd, path, &inode);
    ssize_t done = -1;
    if (!ours || !refused('w', path)) done = placed ? real(fd, data, size, offset) : plain_write(fd, data, size);
    if (done > 0 && ours) {
        /* Where it went: also right for a descriptor that appends. */
        uint64_t start = placed ? (uint64_t)offset : (uint64_t)(lseek64(fd, 0, SEEK_CUR) - done);
        note('w', inode, start, path, "", data, (size_t)done);
    }
    end();
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return wrote(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return wrote(fd, data, size, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return wrote(fd, data, size, offset, 1); }

int ftruncate64(int fd, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    char path[PATH_MAX];
    uint64_t inode;
    begin();
    int ours = file_of(fd, path, &inode), done = ours && refused('w', path) ? -1 : real(fd, size);
    if (!done && ours) note('t', inode, (uint64_t)size, path, "", NULL, 0);
    end();
    return done;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* Ways to write that the record cannot tell: whoever takes one under the folder must be seen. */

static void unknown(int fd, const char *what) {
    char path[PATH_MAX];
    uint64_t inode;
    begin();
    int ours = file_of(fd, path, &inode);
    end();
    errno = ENOSYS;
    must(!ours, what);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    unknown(fd, "writev");
    return real(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
    unknown(fd, "pwritev");
    return real(fd, parts, count, offset);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
    REAL(int, "fallocate64", int, int, off64_t, off64_t);
    unknown(fd, "fallocate");
    return real(fd, mode, offset, size);
}
int fallocate(int fd, int mode, off_t offset, off_t size) { return fallocate64(fd, mode, offset, size); }
int posix_fallocate(int fd, off_t offset, off_t size) {
    REAL(int, "posix_fallocate", int, off_t, off_t);
    unknown(fd, "posix_fallocate");
    return real(fd, offset, size);
}
ssize_t copy_file_range(int from, off64_t *start, int fd, off64_t *offset, size_t size, unsigned flags) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    unknown(fd, "copy_file_range");
    return real(from, start, fd, offset, size, flags);
}
ssize_t sendfile64(int fd, int from, off64_t *offset, size_t size) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    unknown(fd, "sendfile");
    return real(fd, from, offset, size);
}
ssize_t sendfile(int fd, int from, off_t *offset, size_t size) { return sendfile64(fd, from, offset, size); }

/* Syncing */

static int synced(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    uint64_t inode;
    begin();
    int ours = file_of(fd, path, &inode), done = ours && refused('s', path) ? -1 : real(fd);
    if (!done && ours) note('s', inode, 0, path, "", NULL, 0);
    end();
    return done;
}
int fsync(int fd) {
    REAL(int, "fsync", int);
    return synced(fd, real);
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return synced(fd, real);
}

/* Names */

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    char path[PATH_MAX], other[PATH_MAX];
    begin();
    int ours = place(from_at, from, path), theirs = place(to_at, to, other);
    if (ours || theirs) must(ours && theirs && !flags, "a rename over the folder's edge, or an exchange");
    int done = ours && refused('w', other) ? -1 : real(from_at, from, to_at, to, flags);
    if (!done && ours) note('r', inode_at(other), 0, path, other, NULL, 0);
    end();
    return done;
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    char path[PATH_MAX], other[PATH_MAX];
    begin();
    int ours = place(from_at, from, path), theirs = place(to_at, to, other);
    if (ours || theirs) must(ours && theirs, "a link over the folder's edge");
    int done = ours && refused('w', other) ? -1 : real(from_at, from, to_at, to, flags);
    if (!done && ours) note('l', inode_at(other), 0, path, other, NULL, 0);
    end();
    return done;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *name, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    char path[PATH_MAX];
    begin();
    int ours = place(at, name, path), done = real(at, name, flags);
    if (!done && ours) note('u', 0, 0, path, "", NULL, 0);
    end();
    return done;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char *name) {
    int done = unlink(name);
    return done && errno == EISDIR ? rmdir(name) : done;
}

int mkdirat(int at, const char *name, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    char path[PATH_MAX];
    begin();
    int ours = place(at, name, path), done = real(at, name, mode);
    if (!done && ours) note('d', inode_at(path), 0, path, "", NULL, 0);
    end();
    return done;
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }
