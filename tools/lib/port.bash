# Sourced by the tools that start a router of their own.
# shellcheck shell=bash

# A port of loopback that nobody listens on.
free_port() {
    local port
    while port=$((20000 + RANDOM % 10000)) && (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}
