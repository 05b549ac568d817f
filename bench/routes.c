/* A closed-loop client like wrk that files each latency under the kind of its request.
 *
 * wrk has one latency histogram for everything. Two wrk's at once would fix the share of connections on each
 * route, not the share of requests; and a probe beside the load measures a request that no user of the load
 * sends. So: N connections, each sends the next request of the cycle when its answer is complete.
 *
 * In:     PORT CONNECTIONS SECONDS FILE (FILE as traffic.write_requests writes it; kinds q and s).
 * Out:    one line "RESULT {json}"; latencies in microseconds, from before send to after the last byte.
 * Never:  pipelines; takes an answer without Content-Length (it counts as an error and the connection is renewed).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024, MAX_EVENTS = 256, ANSWER_BYTES = 16384, BUCKETS = 200000, BUCKET_US = 10 };

struct request { const char *bytes; size_t length; int kind; };

struct connection {
    int fd, kind;
    size_t have;
    int64_t sent_ns;
    char answer[ANSWER_BYTES + 1];
};

struct tally { uint64_t requests, worst_us; uint32_t buckets[BUCKETS]; };

static struct request *requests;
static size_t request_count, turn;
static struct connection connections[MAX_CONNECTIONS];
static struct tally tallies[2]; /* quick, slow */
static uint64_t bad_status, broken;
static struct sockaddr_in server = {.sin_family = AF_INET};
static int epoll;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void load_requests(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1024, length;
    char kind;

    if (!file)
        give_up(path);
    requests = malloc(room * sizeof *requests);
    while (fscanf(file, "%8zu %c", &length, &kind) == 2) {
        char *bytes = malloc(length);
        if (request_count == room)
            requests = realloc(requests, (room *= 2) * sizeof *requests);
        fgetc(file); /* the LF */
        if (fread(bytes, 1, length, file) != length)
            give_up("requests file is cut");
        requests[request_count++] = (struct request){bytes, length, kind == 's'};
    }
    fclose(file);
    if (!request_count)
        give_up("no request in the file");
}

static void send_next(struct connection *c)
{
    struct request *r = &requests[turn++ % request_count];

    c->have = 0;
    c->kind = r->kind;
    c->sent_ns = now_ns();
    if (send(c->fd, r->bytes, r->length, MSG_NOSIGNAL) != (ssize_t)r->length)
        broken++; /* the close that follows is seen by epoll */
}

static void open_connection(struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0)
        give_up("cannot connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    send_next(c);
}

static void renew(struct connection *c)
{
    close(c->fd);
    open_connection(c);
}

/* The size of the whole answer, 0 while the head is incomplete, -1 when it cannot be told. */
static long answer_size(struct connection *c)
{
    char *blank, *field;

    c->answer[c->have] = 0;
    blank = strstr(c->answer, "\r\n\r\n");
    if (!blank)
        return 0;
    field = strcasestr(c->answer, "\r\ncontent-length:");
    if (!field || field > blank)
        return -1;
    return (blank + 4 - c->answer) + atol(field + 17);
}

static void file_latency(struct connection *c)
{
    struct tally *t = &tallies[c->kind];
    uint64_t us = (uint64_t)(now_ns() - c->sent_ns) / 1000;
    uint64_t bucket = us / BUCKET_US;

    t->requests++;
    t->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    if (us > t->worst_us)
        t->worst_us = us;
    if (strncmp(c->answer + 8, " 200", 4) != 0)
        bad_status++;
}

static void receive(struct connection *c)
{
    ssize_t got = recv(c->fd, c->answer + c->have, ANSWER_BYTES - c->have, 0);
    long size;

    if (got <= 0) {
        broken += c->have > 0; /* a close between two answers is the server's right */
        renew(c);
        return;
    }
    c->have += (size_t)got;
    size = answer_size(c);
    if (size < 0 || size > ANSWER_BYTES) {
        broken++;
        renew(c);
    } else if (size > 0 && c->have >= (size_t)size) {
        file_latency(c);
        send_next(c);
    }
}

static double percentile_us(const struct tally *t, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)t->requests), seen = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        seen += t->buckets[i];
        if (seen > wanted)
            return ((double)i + 0.5) * BUCKET_US;
    }
    return 0;
}

static void print_tally(const char *name, const struct tally *t)
{
    printf("\"%s\": {\"requests\": %llu, \"p50_us\": %.0f, \"p90_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %llu}, ", name,
           (unsigned long long)t->requests, percentile_us(t, 0.50), percentile_us(t, 0.90), percentile_us(t, 0.99),
           (unsigned long long)t->worst_us);
}

int main(int count, char **words)
{
    struct epoll_event events[MAX_EVENTS];
    int64_t start, end;
    int wanted;

    if (count != 5 || (wanted = atoi(words[2])) < 1 || wanted > MAX_CONNECTIONS) {
        fprintf(stderr, "usage: routes PORT CONNECTIONS(1..%d) SECONDS FILE\n", MAX_CONNECTIONS);
        return 2;
    }
    server.sin_port = htons((uint16_t)atoi(words[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load_requests(words[4]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    start = now_ns();
    end = start + (int64_t)(atof(words[3]) * 1e9);
    for (int i = 0; i < wanted; i++)
        open_connection(&connections[i]);
    while (now_ns() < end) {
        int ready = epoll_wait(epoll, events, MAX_EVENTS, 100);
        for (int i = 0; i < ready; i++)
            receive(events[i].data.ptr);
    }
    printf("RESULT {");
    print_tally("quick", &tallies[0]);
    print_tally("slow", &tallies[1]);
    printf("\"duration_us\": %lld, \"status\": %llu, \"read\": %llu}\n", (long long)(now_ns() - start) / 1000,
           (unsigned long long)bad_status, (unsigned long long)broken);
    return 0;
}
