#include "config/keys.h"
#include "base/dialect.h"

#define INT32_MOST 2147483647.0

/* The keys that `defaults` and each route have in common. */
#define POLICY(ROW)                                                                                \
    ROW("ordering", .kind = MR_KIND_ONE_OF, .fallback = "key", .choices = "key|partition|none",    \
        .help = "Which messages are handled one after the other: those of the same key, all of a " \
                "partition, or none."),                                                            \
        ROW("concurrency", .kind = MR_KIND_INTEGER, .fallback = "64", .least = 1, .most = 65536,   \
            .unit = "handlers", .help = "Handlers of a route in flight at once in a worker."),     \
        ROW("window", .kind = MR_KIND_INTEGER, .fallback = "1000", .least = 1, .most = 1000000,    \
            .unit = "messages",                                                                    \
            .help = "Messages of a partition taken and not handled yet; with so many it is "       \
                    "paused."),                                                                    \
        ROW("delivery", .kind = MR_KIND_ONE_OF, .fallback = "at-least-once",                       \
            .choices = "at-least-once|exactly-once|at-most-once",                                  \
            .help = "What a crash may do to a message: repeat it, neither repeat nor lose it "     \
                    "(Kafka transactions), or lose it. A partition that is being served keeps "    \
                    "what it began with."),                                                        \
        ROW("codec", .kind = MR_KIND_ONE_OF, .fallback = "json", .choices = "json|raw",            \
            .help = "How values are read and written: JSON, or strings passed as they are."),      \
        ROW("dialect", .kind = MR_KIND_ONE_OF, .fallback = "auto", .choices = MR_DIALECT_CHOICES,  \
            .help = "How requests are recognised and answered; auto: by each message's headers."), \
        ROW("retry.max", .kind = MR_KIND_INTEGER, .fallback = "3", .least = 0, .unit = "retries",  \
            .help = "Retries after the first attempt."),                                           \
        ROW("retry.base", .kind = MR_KIND_DURATION, .fallback = "1000", .least = 0, .unit = "ms",  \
            .help = "Delay before the first retry."),                                              \
        ROW("retry.multiplier", .kind = MR_KIND_NUMBER, .fallback = "2", .least = 1,               \
            .help = "What each further delay is multiplied by."),                                  \
        ROW("retry.cap", .kind = MR_KIND_DURATION, .fallback = "30000", .least = 0, .unit = "ms",  \
            .help = "The longest delay."),                                                         \
        ROW("retry.jitter", .kind = MR_KIND_NUMBER, .fallback = "0.1", .least = 0, .most = 1,      \
            .help = "Share by which a delay is made longer or shorter at random."),                \
        ROW("retry.mode", .kind = MR_KIND_ONE_OF, .fallback = "in-place",                          \
            .choices = "in-place|topic",                                                           \
            .help = "Where a message waits: in its partition, which keeps the order, or in the "   \
                    "topic `<topic>-retry`, which lets others pass."),                             \
        ROW("dlq.topic", .kind = MR_KIND_TEMPLATE, .fallback = "{base}-dlq",                       \
            .help = "Dead-letter topic; {topic} is the message's topic, {base} the same without "  \
                    "-commands."),                                                                 \
        ROW("dlq.dialect", .kind = MR_KIND_ONE_OF, .fallback = "plain", .choices = "plain|spring", \
            .help = "spring adds the headers kafka_dlt-* to a dead letter."),                      \
        DLQ_HEADER(ROW, "[\"original-topic\"]", "original-topic", "the topic of the message"),     \
        DLQ_HEADER(ROW, "[\"original-partition\"]", "original-partition", "its partition"),        \
        DLQ_HEADER(ROW, "[\"original-offset\"]", "original-offset", "its offset"),                 \
        DLQ_HEADER(ROW, "[\"original-timestamp\"]", "original-timestamp", "its timestamp, in ms"), \
        DLQ_HEADER(ROW, ".error", "error", "why it failed"),                                       \
        DLQ_HEADER(ROW, "[\"error-stack\"]", "error-stack", "the traceback"),                      \
        DLQ_HEADER(ROW, "[\"failed-at\"]", "failed-at", "when it failed, in ms"),                  \
        DLQ_HEADER(ROW, "[\"total-retries\"]", "total-retries", "how often it was retried"),       \
        ROW("budget.time", .kind = MR_KIND_DURATION, .fallback = "1000", .least = 1, .unit = "ms", \
            .help = "The longest uninterrupted run of a handler's Lua; waiting is free."),         \
        ROW("budget.memory", .kind = MR_KIND_SIZE, .fallback = "256MB", .least = 1048576,          \
            .unit = "bytes",                                                                       \
            .help = "What a handler may hold of Lua's memory, and its script may keep.")

#define DLQ_HEADER(ROW, at, name, what)                                                            \
    ROW("dlq.headers" at, .kind = MR_KIND_TEXT, .fallback = (name),                                \
        .help = "The dead letter's header that tells " what ".")
#define DEFAULTS_ROW(name, ...)                                                                    \
    {                                                                                              \
        .path = "defaults." name, __VA_ARGS__                                                      \
    }
#define ROUTE_ROW(name, ...)                                                                       \
    {                                                                                              \
        .path = "routes.*." name, .inherits = "defaults." name, __VA_ARGS__                        \
    }

const struct mr_config_key mr_config_keys[] = {
    {.path = "service",
     .kind = MR_KIND_NAME,
     .flags = MR_KEY_RESTART,
     .fallback = "moonroute",
     .help = "Name of this service: the metrics' prefix and the default client id."},
    {.path = "workers",
     .kind = MR_KIND_WORKERS,
     .flags = MR_KEY_RESTART,
     .fallback = "auto",
     .least = 1,
     .most = 1024,
     .unit = "processes",
     .help = "Worker processes; auto: one for each CPU that this process may use."},
    {.path = "scripts",
     .kind = MR_KIND_TEXT,
     .fallback = "scripts",
     .help = "Folder of the handler scripts."},
    {.path = "shutdown_timeout",
     .kind = MR_KIND_DURATION,
     .fallback = "10000",
     .least = 0,
     .most = INT32_MOST,
     .unit = "ms",
     .help = "How long a stop waits for the handlers that are running."},
    {.path = "drain_timeout",
     .kind = MR_KIND_DURATION,
     .fallback = "5000",
     .least = 0,
     .most = INT32_MOST,
     .unit = "ms",
     .help = "How long a partition that another worker is to have waits for its handlers that are "
             "running."},
    {.path = "commit_interval",
     .kind = MR_KIND_DURATION,
     .flags = MR_KEY_RESTART,
     .fallback = "1000",
     .least = 1,
     .most = 86400000,
     .unit = "ms",
     .help = "How often offsets are committed."},
    {.path = "transaction.interval",
     .kind = MR_KIND_DURATION,
     .flags = MR_KEY_RESTART,
     .fallback = "50",
     .least = 0,
     .most = 60000,
     .unit = "ms",
     .help = "How long a transaction gathers messages, where delivery is exactly-once: what they "
             "came to is seen, and committed, so much later."},
    {.path = "transaction.messages",
     .kind = MR_KIND_INTEGER,
     .flags = MR_KEY_RESTART,
     .fallback = "1000",
     .least = 1,
     .most = 1000000,
     .unit = "messages",
     .help = "How many messages a transaction has at most."},
    {.path = "sandbox",
     .kind = MR_KIND_BOOLEAN,
     .flags = MR_KEY_RESTART,
     .fallback = "true",
     .help = "Whether scripts are kept from files, programs and each other; false: they are "
             "trusted with all of Lua."},
    {.path = "create_topics",
     .kind = MR_KIND_BOOLEAN,
     .flags = MR_KEY_RESTART,
     .fallback = "true",
     .help = "Whether dead-letter, retry and response topics that are missing are created."},

    {.path = "kafka.brokers",
     .kind = MR_KIND_BROKERS,
     .flags = MR_KEY_RESTART,
     .fallback = "localhost:9092",
     .variable = "KAFKA_BROKERS",
     .help =
         "Brokers to ask for the cluster first; with IS_DOCKER=true the default is kafka:9092."},
    {.path = "kafka.client_id",
     .inherits = "service",
     .kind = MR_KIND_TEXT,
     .flags = MR_KEY_RESTART,
     .variable = "KAFKA_CLIENT_ID",
     .help = "How this client calls itself towards the brokers."},
    {.path = "kafka.group_id",
     .inherits = "kafka.client_id",
     .kind = MR_KIND_TEXT,
     .flags = MR_KEY_RESTART,
     .variable = "KAFKA_GROUP_ID",
     .help = "Consumer group; all routers of one service share it."},
    {.path = "kafka.group_instance_id",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .fallback = "auto",
     .help =
         "Static membership: a worker that died is replaced by one that has its place in its "
         "groups, and its partitions, at once. auto: the host's name and a number, which leave "
         "the groups when the router stops. Any other name, unique to the router: the worker of "
         "slot N has this name and -N, and has its partitions back after a restart of the "
         "router, too; when the router stops for good they rest for session.timeout.ms. \"\": "
         "none."},
    {.path = "kafka.connection_timeout",
     .kind = MR_KIND_DURATION,
     .flags = MR_KEY_RESTART,
     .fallback = "10000",
     .least = 1,
     .most = INT32_MOST,
     .unit = "ms",
     .help = "Time to reach a broker, after which `request` and `publish` give up; `run` goes on "
             "trying."},
    {.path = "kafka.sasl.mechanism",
     .kind = MR_KIND_ONE_OF,
     .flags = MR_KEY_RESTART,
     .fallback = "plain",
     .choices = "plain|scram-sha-256|scram-sha-512",
     .variable = "KAFKA_SASL_MECHANISM",
     .help = "How to log in, where a username is set."},
    {.path = "kafka.sasl.username",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .variable = "KAFKA_SASL_USERNAME",
     .example = "env \"KAFKA_SASL_USERNAME\"",
     .help = "Name to log in with; none: no login."},
    {.path = "kafka.sasl.password",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART | MR_KEY_SECRET,
     .variable = "KAFKA_SASL_PASSWORD",
     .example = "env \"KAFKA_SASL_PASSWORD\"",
     .help = "Password to log in with."},
    {.path = "kafka.tls.ca",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .example = "\"/etc/ssl/certs/ca-certificates.crt\"",
     .help = "File of the authorities that may sign the brokers' certificates; set: TLS is used."},
    {.path = "kafka.tls.certificate",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .example = "\"/run/secrets/client.pem\"",
     .help = "File of this client's certificate; set: TLS is used."},
    {.path = "kafka.tls.key",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .example = "\"/run/secrets/client.key\"",
     .help = "File of the certificate's private key."},
    {.path = "kafka.tls.key_password",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART | MR_KEY_SECRET,
     .example = "env \"MOONROUTE_KAFKA_TLS_KEY_PASSWORD\"",
     .help = "Password of the private key."},
    {.path = "kafka.properties.*",
     .kind = MR_KIND_SCALAR,
     .flags = MR_KEY_RESTART,
     .example = "100",
     .help = "Any property of librdkafka by its name, as `[\"fetch.wait.max.ms\"] = 100`; what "
             "the guarantees rest on (`acks`, say) is refused."},

    POLICY(DEFAULTS_ROW),

    {.path = "routes.*",
     .kind = MR_KIND_ENTRY,
     .help =
         "Settings of one topic, or (beginning with ^) of all whose names match a POSIX extended "
         "regular expression; what they leave out is as in `defaults`."},
    {.path = "routes.*.script",
     .kind = MR_KIND_SCRIPT,
     .example = "\"orders-commands.lua\"",
     .help = "Handler script in the scripts folder; default: that of the topic's name."},
    {.path = "routes.*.group_id",
     .inherits = "kafka.group_id",
     .kind = MR_KIND_TEXT,
     .help = "Consumer group of this route."},
    {.path = "routes.*.schema",
     .kind = MR_KIND_STRING,
     .pending = true,
     .example = "\"schemas/orders.json\"",
     .help = "File with the JSON Schema that messages must obey."},
    POLICY(ROUTE_ROW),

    {.path = "rpc.response_topics",
     .kind = MR_KIND_TOPICS,
     .flags = MR_KEY_RESTART,
     .example = "{ \"orders-responses\" }",
     .help = "Topics on which replies to this router's own requests are awaited from the start."},
    {.path = "rpc.timeout",
     .kind = MR_KIND_DURATION,
     .fallback = "30000",
     .least = 1,
     .most = INT32_MOST,
     .unit = "ms",
     .help = "How long a request is waited for where it does not say."},
    {.path = "rpc.max_pending",
     .kind = MR_KIND_INTEGER,
     .fallback = "100000",
     .flags = MR_KEY_RESTART,
     .least = 1,
     .most = INT32_MOST,
     .unit = "requests",
     .help =
         "How many requests of a worker's handlers may wait for their replies; one more fails."},
    {.path = "rpc.drop_expired",
     .kind = MR_KIND_BOOLEAN,
     .fallback = "false",
     .help = "Whether requests past their deadline are dropped and counted instead of handled."},

    {.path = "topics.*",
     .kind = MR_KIND_ENTRY,
     .help = "A topic as `moonroute topics apply` makes it."},
    {.path = "topics.*.partitions",
     .kind = MR_KIND_INTEGER,
     .pending = true,
     .least = 1,
     .most = 100000,
     .unit = "partitions",
     .example = "3",
     .help = "Number of partitions; default: the broker's."},
    {.path = "topics.*.retention_hours",
     .kind = MR_KIND_INTEGER,
     .pending = true,
     .least = -1,
     .most = 8760000,
     .unit = "hours",
     .example = "168",
     .help = "How long messages are kept, -1: for ever; default: the broker's."},
    {.path = "topics.*.description",
     .kind = MR_KIND_STRING,
     .pending = true,
     .example = "\"Commands for orders\"",
     .help = "What the topic is for."},

    {.path = "admin.listen",
     .kind = MR_KIND_HOST_PORT,
     .flags = MR_KEY_RESTART,
     .fallback = "127.0.0.1:8080",
     .help = "Where health, metrics and status are served."},

    {.path = "log.level",
     .kind = MR_KIND_ONE_OF,
     .fallback = "info",
     .choices = "debug|info|warn|error",
     .help = "The least that is logged."},
    {.path = "log.format",
     .kind = MR_KIND_ONE_OF,
     .fallback = "json",
     .choices = "json|text",
     .help = "A JSON object a line, or text for people."},
    {.path = "log.file",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .example = "\"/var/log/moonroute.log\"",
     .help = "File to append to, opened anew at SIGUSR1; none: standard error."},
    {.path = NULL},
};
