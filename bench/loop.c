/* The yardstick: what the kernel alone takes for a request and an answer on this machine.
 *
 * One thread, level-triggered epoll, recv until the blank line, send one fixed answer. It parses nothing, logs
 * nothing and calls no application: no server can cost less. It is compiled for a run and thrown away.
 *
 * In:     a port on 127.0.0.1.
 * Never:  reads a request body, answers a second request in one read twice (pipelining), or survives a client
 *         that sends half a head in two reads longer than HEAD_BYTES.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FDS = 4096, MAX_EVENTS = 256, HEAD_BYTES = 8192 };

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    "Server: loop\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 13\r\n"
    "\r\n"
    "Hello, world!";

static char heads[MAX_FDS][HEAD_BYTES];
static size_t lengths[MAX_FDS];

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0)
        give_up("cannot listen");
    return fd;
}

static void welcome(int epoll, int listener)
{
    struct epoll_event event = {.events = EPOLLIN};
    int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (fd >= MAX_FDS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    lengths[fd] = 0;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void answer(int fd)
{
    size_t have = lengths[fd];
    ssize_t got = recv(fd, heads[fd] + have, HEAD_BYTES - have, 0);

    if (got <= 0) {
        close(fd);
        return;
    }
    have += (size_t)got;
    if (have >= 4 && memcmp(heads[fd] + have - 4, "\r\n\r\n", 4) == 0) {
        have = 0;
        if (send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) {
            close(fd);
            return;
        }
    }
    lengths[fd] = have;
}

int main(int count, char **words)
{
    struct epoll_event events[MAX_EVENTS], event = {.events = EPOLLIN};
    int listener, epoll;

    if (count != 2) {
        fprintf(stderr, "usage: loop PORT\n");
        return 2;
    }
    listener = listen_on((uint16_t)atoi(words[1]));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    event.data.fd = listener;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, MAX_EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                welcome(epoll, listener);
            else
                answer(events[i].data.fd);
        }
    }
}
