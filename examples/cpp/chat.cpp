// A chat: a server, and clients that join it. Who says something is heard by all.
//
//     c++ chat.cpp -o chat $(pkg-config --cflags --libs arkws)
//     ./chat serve 8080
//     ./chat join ws://127.0.0.1:8080/ Ada
//
// Client and server run their callbacks in an event loop of the program's own, beside what is
// typed: there is one thread, and nothing needs a lock.
#include <arkws.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

namespace {

// Frees what the library made.
struct Free {
    void operator()(arkws_queue *queue) const { arkws_queue_destroy(queue); }
    void operator()(arkws_client *client) const { arkws_client_destroy(client); }
    void operator()(arkws_server *server) const { arkws_server_destroy(server); }
};

// Says what could not be done, and why.
int fail(const std::string &attempt)
{
    arkws_error error;
    arkws_last_error(&error);
    std::cerr << attempt << ": " << error.message << std::endl;
    return EXIT_FAILURE;
}

// Waits until something can be read; `false`: it cannot be waited for, which is said.
bool wait(pollfd *events, nfds_t count)
{
    while (poll(events, count, -1) < 0) {
        // A signal interrupts the wait, and changes nothing.
        if (errno != EINTR) {
            std::cerr << "cannot wait: " << std::strerror(errno) << std::endl;
            return false;
        }
    }
    return true;
}

// What is typed, line by line.
class Input {
public:
    // Reads what is there; `false`: nothing more will come.
    template <typename Each>
    bool read(Each each)
    {
        char bytes[4096];
        const ssize_t length = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (length <= 0) {
            return length < 0 && errno == EINTR;
        }
        unfinished_.append(bytes, static_cast<std::size_t>(length));
        for (std::size_t end; (end = unfinished_.find('\n')) != std::string::npos;) {
            each(unfinished_.substr(0, end));
            unfinished_.erase(0, end + 1);
        }
        return true;
    }

private:
    std::string unfinished_;
};

int serve(std::uint16_t port)
{
    arkws_server_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    callbacks.on_accept = [](void *, arkws_server *, arkws_peer, const arkws_accepted *who) {
        std::cout << who->address << " came" << std::endl;
    };
    callbacks.on_message = [](void *, arkws_server *server, arkws_peer, const char *data,
                              size_t length, int) {
        arkws_server_broadcast_text(server, data, length);
    };
    callbacks.on_close = [](void *, arkws_server *, arkws_peer, std::uint16_t code,
                            const char *) { std::cout << "left: " << code << std::endl; };

    std::unique_ptr<arkws_queue, Free> queue(arkws_queue_create());
    std::unique_ptr<arkws_server, Free> server(arkws_server_create(&callbacks, nullptr));
    // Web pages of other sites stay out. A client of this library names the server's host itself.
    if (arkws_server_set_origins(server.get(), "http://127.0.0.1") != ARKWS_OK ||
        arkws_server_set_limits(server.get(), 100, 0) != ARKWS_OK ||
        arkws_server_set_max_message_size(server.get(), 16384) != ARKWS_OK ||
        arkws_server_set_queue(server.get(), queue.get()) != ARKWS_OK ||
        arkws_server_start(server.get(), "127.0.0.1", port) != ARKWS_OK) {
        return fail("cannot serve");
    }
    std::cout << "listening on ws://127.0.0.1:" << arkws_server_port(server.get()) << std::endl;

    pollfd events = {arkws_queue_descriptor(queue.get()), POLLIN, 0};
    while (wait(&events, 1)) {
        arkws_poll(queue.get(), 0);
    }
    return EXIT_FAILURE;
}

class Guest {
public:
    explicit Guest(std::string name) : name_(std::move(name)) {}

    int join(const char *url)
    {
        arkws_client_callbacks callbacks = {};
        callbacks.size = sizeof callbacks;
        callbacks.on_open = [](void *guest, arkws_client *, const arkws_opened *) {
            static_cast<Guest *>(guest)->enter();
        };
        callbacks.on_message = [](void *, arkws_client *, const char *data, size_t length, int) {
            std::cout << std::string(data, length) << std::endl;
        };
        callbacks.on_error = [](void *guest, arkws_client *, const arkws_error *error) {
            std::cerr << error->message << std::endl;
            static_cast<Guest *>(guest)->leave(EXIT_FAILURE);
        };
        callbacks.on_close = [](void *guest, arkws_client *, std::uint16_t, const char *) {
            static_cast<Guest *>(guest)->end();
        };

        std::unique_ptr<arkws_queue, Free> queue(arkws_queue_create());
        client_.reset(arkws_client_create(&callbacks, this));
        if (arkws_client_set_queue(client_.get(), queue.get()) != ARKWS_OK ||
            arkws_client_connect(client_.get(), url) != ARKWS_OK) {
            return fail("cannot join");
        }

        Input input;
        pollfd events[] = {{arkws_queue_descriptor(queue.get()), POLLIN, 0},
                           {STDIN_FILENO, POLLIN, 0}};
        while (!is_over_) {
            if (!wait(events, 2)) {
                leave(EXIT_FAILURE);
                break;
            }
            arkws_poll(queue.get(), 0);
            const auto say_it = [this](const std::string &line) { say(": " + line); };
            if (events[1].revents != 0 && !input.read(say_it)) {
                // What was said still leaves, and the end of the connection ends this loop.
                arkws_client_close(client_.get(), 1000, "bye");
                events[1].fd = -1;
                events[1].revents = 0;
            }
        }
        // Before the queue, which has its events.
        client_.reset();
        return code_;
    }

private:
    void say(const std::string &words)
    {
        const std::string line = name_ + (words[0] == ':' ? "" : " ") + words;
        if (arkws_client_send_text(client_.get(), line.data(), line.size()) != ARKWS_OK) {
            fail("cannot say it");
        }
    }

    void enter()
    {
        was_here_ = true;
        say("is here");
    }

    // The connection has ended, or the attempt at one.
    void end()
    {
        if (!was_here_ && !is_over_) {
            std::cerr << "there was no connection yet" << std::endl;
        }
        leave(was_here_ ? EXIT_SUCCESS : EXIT_FAILURE);
    }

    // An error comes before the close that it causes: the first code counts.
    void leave(int code)
    {
        code_ = is_over_ ? code_ : code;
        is_over_ = true;
    }

    const std::string name_;
    std::unique_ptr<arkws_client, Free> client_;
    bool was_here_ = false;
    bool is_over_ = false;
    int code_ = EXIT_SUCCESS;
};

}  // namespace

int main(int count, char **arguments)
{
    const std::string task = count > 1 ? arguments[1] : "";
    if (task == "serve" && count == 3) {
        return serve(static_cast<std::uint16_t>(std::atoi(arguments[2])));
    }
    if (task == "join" && count == 4) {
        return Guest(arguments[3]).join(arguments[2]);
    }
    std::cerr << "usage: chat serve PORT | chat join URL NAME" << std::endl;
    return EXIT_FAILURE;
}
