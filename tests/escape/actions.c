/* What a decoder might do once a hostile file has taken it over. Loaded into the process that is to be caged, this waits
 * until that process reads its request, which it does when its cage is closed, and acts in its place.
 *
 * ESCAPE names the action, ESCAPE_TARGET what it is aimed at. Exit codes: 0 the action had its effect, 77 it was
 * denied, 78 there is no such action. Written with plain system calls, since a library may ask before it acts. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char action[64], target[4096];
static char program[1 << 20];
static size_t program_length;

static long raw_read(int file, void *buffer, size_t count) { return syscall(SYS_read, file, buffer, count); }

static int read_file(const char *path) {
    char byte;
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
    return file >= 0 && raw_read(file, &byte, 1) == 1 ? 0 : -1;
}

static int number(void) { return atoi(target); }
static int succeeded(long result) { return result >= 0 ? 0 : -1; }

/* Files */
static int read_a_file(void) { return read_file(target); }
static int list_a_folder(void) {
    char entries[4096];
    int folder = syscall(SYS_openat, AT_FDCWD, target, O_RDONLY | O_DIRECTORY);
    return folder >= 0 && syscall(SYS_getdents64, folder, entries, sizeof entries) > 0 ? 0 : -1;
}
static int write_a_file(void) {
    int file = syscall(SYS_openat, AT_FDCWD, target, O_WRONLY | O_CREAT, 0600);
    return file >= 0 && syscall(SYS_write, file, "x", 1) == 1 ? 0 : -1;
}
static int truncate_a_file(void) { return truncate(target, 0); }
static int change_its_mode(void) { return syscall(SYS_fchmodat, AT_FDCWD, target, 0777); }
static int move_it_away(void) { return syscall(SYS_renameat2, AT_FDCWD, target, AT_FDCWD, "out/moved", 0); }
static int remove_it(void) { return syscall(SYS_unlinkat, AT_FDCWD, target, 0); }
static int symbolic_link(void) { return syscall(SYS_symlinkat, target, AT_FDCWD, "out/symbolic"); }
static int hard_link(void) { return syscall(SYS_linkat, AT_FDCWD, target, AT_FDCWD, "out/hard", 0); }
static int through_a_link(void) { return read_file("out/link"); }
static int climb_up(void) { return read_file("out/../../secret"); }
static int pipe_in_its_folder(void) { return syscall(SYS_mknodat, AT_FDCWD, "out/pipe", S_IFIFO | 0600, 0); }
static int device(void) {
    if (syscall(SYS_mknodat, AT_FDCWD, "out/device", S_IFCHR | 0600, 1 << 8 | 5) != 0) return -1;
    return read_file("out/device");
}
static int inherited_file(void) {
    char byte;
    return raw_read(number(), &byte, 1) == 1 ? 0 : -1;
}
static int by_handle(void) {
    struct {
        struct file_handle head;
        unsigned char more[128];
    } handle = {.head = {.handle_bytes = sizeof handle.more}};
    int mount_id, at = open("out", O_RDONLY | O_DIRECTORY);
    if (name_to_handle_at(AT_FDCWD, target, &handle.head, &mount_id, 0) != 0) return -1;
    return succeeded(open_by_handle_at(at, &handle.head, O_RDONLY));
}

/* Sockets */
static struct sockaddr_in here(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}
static int bind_tcp(void) {
    struct sockaddr_in address = here(0);
    int file = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return file >= 0 ? syscall(SYS_bind, file, &address, sizeof address) : -1;
}
static int connect_tcp(void) {
    struct sockaddr_in address = here(number());
    int file = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return file >= 0 ? syscall(SYS_connect, file, &address, sizeof address) : -1;
}
static int send_udp(void) {
    struct sockaddr_in address = here(number());
    int file = syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
    return succeeded(file >= 0 ? syscall(SYS_sendto, file, "x", 1, 0, &address, sizeof address) : -1);
}
static int unix_socket(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, target, sizeof address.sun_path - 1);
    int file = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    return file >= 0 ? syscall(SYS_connect, file, &address, sizeof address) : -1;
}
static int netlink_socket(void) { return succeeded(syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0)); }
static int packet_socket(void) { return succeeded(syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0)); }
static int pair_of_sockets(void) {
    int pair[2];
    return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
}

/* Processes */
static int end_of(pid_t child) {
    if (child == 0) _exit(0);
    return child > 0 && waitpid(child, NULL, __WALL) == child ? 0 : -1;
}
static int fork_once(void) { return end_of(fork()); }
static int clone_process(void) { return end_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static int clone_process_anew(void) {
    unsigned long long arguments[8] = {[4] = SIGCHLD};
    return end_of(syscall(SYS_clone3, arguments, sizeof arguments));
}
static int fork_bomb(void) {
    for (int count = 0; count < 32; count++)
        if (fork_once() != 0) return -1;
    return 0;
}
static void *nothing(void *given) { return given; }
static int thread(void) {
    pthread_t made;
    return pthread_create(&made, NULL, nothing, NULL) == 0 && pthread_join(made, NULL) == 0 ? 0 : -1;
}
static int execute(void) {
    char *arguments[] = {"true", NULL}, *environment[] = {NULL};
    return execve(target, arguments, environment);
}
static int execute_memory(void) {
    char *arguments[] = {"true", NULL}, *environment[] = {NULL};
    int file = memfd_create("program", 0);
    if (file < 0 || write(file, program, program_length) != (ssize_t)program_length) return -1;
    return syscall(SYS_execveat, file, "", arguments, environment, AT_EMPTY_PATH);
}
static int signal_a_process(void) { return syscall(SYS_kill, number(), SIGCONT); }
static int signal_a_thread(void) { return syscall(SYS_tgkill, number(), number(), SIGCONT); }
static int signal_with_data(void) {
    siginfo_t data = {.si_signo = SIGCONT, .si_code = SI_QUEUE};
    return syscall(SYS_rt_sigqueueinfo, number(), SIGCONT, &data);
}
static int handle_of_a_process(void) { return succeeded(syscall(SYS_pidfd_open, number(), 0)); }
/* It lets go when it ends. */
static int trace(void) { return succeeded(ptrace(PTRACE_SEIZE, number(), NULL, NULL)); }
static int memory_of_the_worker(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", number());
    return succeeded(syscall(SYS_openat, AT_FDCWD, path, O_RDWR));
}
static int read_the_worker(void) {
    static char there;
    char byte;
    struct iovec to = {&byte, 1}, from = {&there, 1};
    /* EFAULT comes after the permission. */
    return syscall(SYS_process_vm_readv, number(), &to, 1, &from, 1, 0) == 1 || errno == EFAULT ? 0 : -1;
}
static int priority(void) { return setpriority(PRIO_PROCESS, 0, 5); }

/* The machine */
static int mount_a_disk(void) { return mount("none", "out", "tmpfs", 0, "") == 0 ? umount2("out", MNT_DETACH) : -1; }
static int other_root(void) { return chroot("out"); }
static int other_user(void) { return syscall(SYS_setuid, 65534); }
static int user_namespace(void) { return end_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }
static int mount_namespace(void) { return unshare(CLONE_NEWNS); }
static int network_namespace(void) { return unshare(CLONE_NEWNET); }
static int ring(void) {
    char parameters[128] = {0};
    return succeeded(syscall(SYS_io_uring_setup, 1, parameters));
}
static int kernel_program(void) {
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return succeeded(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
}
static int counters(void) {
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event};
    event.config = PERF_COUNT_SW_CPU_CLOCK;
    return succeeded(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}
static int keys(void) { return succeeded(syscall(SYS_add_key, "user", "escape", "x", 1, -2)); }
static int faults(void) { return succeeded(syscall(SYS_userfaultfd, O_CLOEXEC | 1)); }
static int device_call(void) {
    int waiting;
    return syscall(SYS_ioctl, 0, FIONREAD, &waiting);
}
static int kernel_log(void) { return succeeded(syscall(SYS_syslog, 10, NULL, 0)); }

/* Memory that is written and run */
static int run_what_was_written(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static int run_and_write(void) {
    int all = PROT_READ | PROT_WRITE | PROT_EXEC;
    return mmap(NULL, 4096, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

/* More than its share */
static int take_memory(void) {
    /* Never written to, so that outside the cage it costs nobody anything. */
    for (int count = 0; count < 64; count++)
        if (mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            == MAP_FAILED)
            return -1;
    return 0;
}
static int large_file(void) {
    int file = syscall(SYS_openat, AT_FDCWD, "out/large", O_WRONLY | O_CREAT, 0600);
    return file >= 0 ? succeeded(pwrite(file, "x", 1, 1 << 30)) : -1;
}
static int many_files(void) {
    for (int count = 0; count < 300; count++)
        if (syscall(SYS_openat, AT_FDCWD, "out/one", O_WRONLY | O_CREAT, 0600) < 0) return -1;
    return 0;
}
static int turn_in_circles(void) {
    struct timespec used;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec < 4);
    return 0;
}
static int raise_its_limits(void) {
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_FSIZE, &most);
}

static const struct {
    const char *name;
    int (*act)(void);
} ACTIONS[] = {
#define ACTION(name) {#name, name}
    ACTION(read_a_file), ACTION(list_a_folder), ACTION(write_a_file), ACTION(truncate_a_file),
    ACTION(change_its_mode), ACTION(move_it_away), ACTION(remove_it), ACTION(symbolic_link), ACTION(hard_link),
    ACTION(through_a_link), ACTION(climb_up), ACTION(pipe_in_its_folder), ACTION(device), ACTION(inherited_file),
    ACTION(by_handle), ACTION(bind_tcp), ACTION(connect_tcp), ACTION(send_udp), ACTION(unix_socket),
    ACTION(netlink_socket), ACTION(packet_socket), ACTION(pair_of_sockets), ACTION(fork_once), ACTION(clone_process),
    ACTION(clone_process_anew), ACTION(fork_bomb), ACTION(thread), ACTION(execute), ACTION(execute_memory),
    ACTION(signal_a_process), ACTION(signal_a_thread), ACTION(signal_with_data), ACTION(handle_of_a_process),
    ACTION(trace), ACTION(memory_of_the_worker), ACTION(read_the_worker), ACTION(priority), ACTION(mount_a_disk),
    ACTION(other_root), ACTION(other_user), ACTION(user_namespace), ACTION(mount_namespace), ACTION(network_namespace),
    ACTION(ring), ACTION(kernel_program), ACTION(counters), ACTION(keys), ACTION(faults), ACTION(device_call),
    ACTION(kernel_log), ACTION(run_what_was_written), ACTION(run_and_write), ACTION(take_memory), ACTION(large_file),
    ACTION(many_files), ACTION(turn_in_circles), ACTION(raise_its_limits),
};

__attribute__((constructor)) static void look_around(void) {
    const char *name = getenv("ESCAPE"), *at = getenv("ESCAPE_TARGET");
    strncpy(action, name ? name : "", sizeof action - 1);
    strncpy(target, at ? at : "", sizeof target - 1);
    int file = open("/bin/true", O_RDONLY | O_CLOEXEC);
    program_length = file >= 0 ? raw_read(file, program, sizeof program) : 0;
    close(file);
}

/* In the place of the library's: the first that is read from standard input is the request. */
ssize_t read(int file, void *buffer, size_t count) {
    if (file != 0) return raw_read(file, buffer, count);
    for (size_t index = 0; index < sizeof ACTIONS / sizeof *ACTIONS; index++)
        if (strcmp(action, ACTIONS[index].name) == 0) _exit(ACTIONS[index].act() == 0 ? 0 : 77);
    _exit(78);
}
