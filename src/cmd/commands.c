#include "cmd/command.h"

#include <stddef.h>

const struct mr_command mr_commands[] = {
    {"run", "", "Serve the scripts: start the master and its workers.", mr_cmd_run, false, true},
    {"dev", "", "Serve the scripts on an embedded Kafka broker, and reload when files change.",
     mr_cmd_dev, false, true},
    {"check", "",
     "Check the configuration and every script, and print errors as FILE:LINE: MESSAGE.",
     mr_cmd_check, false, false},
    {"test", "[PATH]", "Run busted specs inside the runtime.", mr_cmd_test, false, false},
    {"request", "TOPIC [JSON|-]", "Send a request and print the reply.", mr_cmd_request, false,
     false},
    {"publish", "TOPIC [JSON|-]", "Send a message.", mr_cmd_publish, false, false},
    {"tail", "TOPIC", "Print the records of a topic, a JSON line each.", mr_cmd_tail, false, false},
    {"health", "", "Ask a running router if it is healthy.", mr_cmd_health, false, false},
    {"status", "", "Show the state of a running router.", mr_cmd_status, false, false},
    {"version", "", "Print the versions of the program and its libraries, and their known faults.",
     mr_cmd_version, false, false},
    {"worker", "", "Run one worker; only the master starts this command.", mr_cmd_worker, true,
     true},
    {NULL, NULL, NULL, NULL, false, false},
};
