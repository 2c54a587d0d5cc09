#include "config/keys.h"
#include "base/dialect.h"

#define INT32_MOST 2147483647.0

/* The keys that `defaults` and each route have in common. */
#define POLICY(ROW)                                                                                \
    ROW("ordering", .kind = MR_KIND_ONE_OF, .fallback = "key", .choices = "key|partition|none",    \
        .help = "Messages that are handled one after another: messages of one key, all messages "  \
                "of a partition, or none."),                                                       \
        ROW("concurrency", .kind = MR_KIND_INTEGER, .fallback = "64", .least = 1, .most = 65536,   \
            .unit = "handlers",                                                                    \
            .help = "Most handlers of a route in flight at once, per worker."),                    \
        ROW("window", .kind = MR_KIND_INTEGER, .fallback = "1000", .least = 1, .most = 1000000,    \
            .unit = "messages",                                                                    \
            .help = "Most messages of a partition that are taken and not handled yet; with so "    \
                    "many the partition is paused."),                                              \
        ROW("delivery", .kind = MR_KIND_ONE_OF, .fallback = "at-least-once",                       \
            .choices = "at-least-once|exactly-once|at-most-once",                                  \
            .help = "Effect that a crash may have on a message: repeat it, neither repeat nor "    \
                    "lose it (Kafka transactions), or lose it. A partition that is being served "  \
                    "keeps the delivery with which it began."),                                    \
        ROW("codec", .kind = MR_KIND_ONE_OF, .fallback = "json", .choices = "json|raw",            \
            .help = "How values are read and written: JSON, or strings passed as they are."),      \
        ROW("dialect", .kind = MR_KIND_ONE_OF, .fallback = "auto", .choices = MR_DIALECT_CHOICES,  \
            .help = "How requests are recognised and answered; auto: by each message's headers."), \
        ROW("retry.max", .kind = MR_KIND_INTEGER, .fallback = "3", .least = 0, .unit = "retries",  \
            .help = "Retries after the first attempt."),                                           \
        ROW("retry.base", .kind = MR_KIND_DURATION, .fallback = "1000", .least = 0, .unit = "ms",  \
            .help = "Delay before the first retry."),                                              \
        ROW("retry.multiplier", .kind = MR_KIND_NUMBER, .fallback = "2", .least = 1,               \
            .help = "Factor by which each further delay is multiplied."),                          \
        ROW("retry.cap", .kind = MR_KIND_DURATION, .fallback = "30000", .least = 0, .unit = "ms",  \
            .help = "The longest delay."),                                                         \
        ROW("retry.jitter", .kind = MR_KIND_NUMBER, .fallback = "0.1", .least = 0, .most = 1,      \
            .help = "Share by which a delay is made longer or shorter at random."),                \
        ROW("retry.mode", .kind = MR_KIND_ONE_OF, .fallback = "in-place",                          \
            .choices = "in-place|topic",                                                           \
            .help = "Place where a message waits for a retry: its partition, which keeps the "     \
                    "order, or the topic `<topic>-retry`, which lets other messages pass."),       \
        ROW("retry.requests", .kind = MR_KIND_BOOLEAN, .fallback = "false",                        \
            .help = "Whether a request whose handler fails with an ordinary error is retried. "    \
                    "Otherwise its asker gets the error reply at once."),                          \
        ROW("dlq.topic", .kind = MR_KIND_TEMPLATE, .fallback = "{base}-dlq",                       \
            .help = "Dead-letter topic; {topic} is the message's topic, {base} is that topic "     \
                    "without -commands."),                                                         \
        ROW("dlq.dialect", .kind = MR_KIND_ONE_OF, .fallback = "plain", .choices = "plain|spring", \
            .help = "spring adds the headers kafka_dlt-* to a dead letter."),                      \
        DLQ_HEADER(ROW, "[\"original-topic\"]", "original-topic", "the message's topic"),          \
        DLQ_HEADER(ROW, "[\"original-partition\"]", "original-partition",                          \
                   "the message's partition"),                                                     \
        DLQ_HEADER(ROW, "[\"original-offset\"]", "original-offset", "the message's offset"),       \
        DLQ_HEADER(ROW, "[\"original-timestamp\"]", "original-timestamp",                          \
                   "the message's timestamp, in ms"),                                              \
        DLQ_HEADER(ROW, ".error", "error", "the reason of the failure"),                           \
        DLQ_HEADER(ROW, "[\"error-stack\"]", "error-stack", "the traceback"),                      \
        DLQ_HEADER(ROW, "[\"failed-at\"]", "failed-at", "the time of the failure, in ms"),         \
        DLQ_HEADER(ROW, "[\"total-retries\"]", "total-retries", "the number of retries"),          \
        DLQ_HEADER(ROW, ".reason", "reason",                                                       \
                   "the kind of failure: rejected, status, error, undecodable, budget, crash or "  \
                   "undeliverable"),                                                               \
        ROW("budget.time", .kind = MR_KIND_DURATION, .fallback = "1000", .least = 1, .unit = "ms", \
            .help = "The longest uninterrupted run of a handler's Lua; waiting does not count."),  \
        ROW("budget.total", .kind = MR_KIND_DURATION, .fallback = "0", .unit = "ms",               \
            .help = "The longest time from the start of a handler to its end, waiting included; "  \
                    "0: no limit."),                                                               \
        ROW("budget.memory", .kind = MR_KIND_SIZE, .fallback = "256MB", .least = 1048576,          \
            .unit = "bytes",                                                                       \
            .help = "Lua's memory that a handler may hold, and that its script may keep.")

#define DLQ_HEADER(ROW, at, name, what)                                                            \
    ROW("dlq.headers" at, .kind = MR_KIND_TEXT, .fallback = (name),                                \
        .help = "Header of a dead letter with " what ".")
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
     .help = "Worker processes; auto: one per CPU that this process may use."},
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
     .help = "How long a stop waits for running handlers."},
    {.path = "drain_timeout",
     .kind = MR_KIND_DURATION,
     .fallback = "5000",
     .least = 0,
     .most = INT32_MOST,
     .unit = "ms",
     .help = "How long to wait for running handlers before a revoked partition is given back."},
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
     .help = "How long a transaction gathers messages when delivery is exactly-once. Results of "
             "the messages are visible, and committed, that much later."},
    {.path = "transaction.messages",
     .kind = MR_KIND_INTEGER,
     .flags = MR_KEY_RESTART,
     .fallback = "1000",
     .least = 1,
     .most = 1000000,
     .unit = "messages",
     .help = "Most messages per transaction."},
    {.path = "sandbox",
     .kind = MR_KIND_BOOLEAN,
     .flags = MR_KEY_RESTART,
     .fallback = "true",
     .help = "Whether scripts are kept from files, programs and each other; false: scripts are "
             "trusted with all of Lua."},
    {.path = "env.allow",
     .kind = MR_KIND_VARIABLES,
     .flags = MR_KEY_RESTART,
     .example = "{ \"PAYMENTS_API_KEY\" }",
     .help = "Environment variables that scripts may read with `router.env` though their names or "
             "values look like secrets."},
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
     .help = "Brokers that are asked about the cluster first; with IS_DOCKER=true the default is "
             "kafka:9092."},
    {.path = "kafka.client_id",
     .inherits = "service",
     .kind = MR_KIND_TEXT,
     .flags = MR_KEY_RESTART,
     .variable = "KAFKA_CLIENT_ID",
     .help = "Name of this client that brokers see."},
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
     .help = "Static membership: the successor of a worker that died takes over the worker's place "
             "in its groups, and its partitions, at once. With auto, names are made of the host's "
             "name and a number, and leave the groups when the router stops. Any other name must "
             "be unique to the router. The worker of slot N has this name and -N, and has its "
             "partitions back after a restart of the router, too. When the router stops for good, "
             "its partitions rest for session.timeout.ms. \"\": no static membership."},
    {.path = "kafka.connection_timeout",
     .kind = MR_KIND_DURATION,
     .flags = MR_KEY_RESTART,
     .fallback = "10000",
     .least = 1,
     .most = INT32_MOST,
     .unit = "ms",
     .help = "Longest time to reach a broker, after which `request` and `publish` fail; `run` "
             "keeps trying."},
    {.path = "kafka.sasl.mechanism",
     .kind = MR_KIND_ONE_OF,
     .flags = MR_KEY_RESTART,
     .fallback = "plain",
     .choices = "plain|scram-sha-256|scram-sha-512",
     .variable = "KAFKA_SASL_MECHANISM",
     .help = "How to log in if a username is set."},
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
     .help = "File of the authorities that may sign the brokers' certificates; if it is set, TLS "
             "is used."},
    {.path = "kafka.tls.certificate",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .example = "\"/run/secrets/client.pem\"",
     .help = "File of this client's certificate; if it is set, TLS is used."},
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
     .help = "Any property of librdkafka by its name, as `[\"fetch.wait.max.ms\"] = 100`; a change "
             "of a property that the guarantees rest on (such as `acks`) is refused."},

    POLICY(DEFAULTS_ROW),

    {.path = "routes.*",
     .kind = MR_KIND_ENTRY,
     .help = "Settings of one topic, or of all topics whose names match a POSIX extended regular "
             "expression, which begins with ^. A setting that is left out is as in `defaults`."},
    {.path = "routes.*.script",
     .kind = MR_KIND_SCRIPT,
     .example = "\"orders-commands.lua\"",
     .help = "Handler script in the scripts folder; default: the script of the topic's name."},
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
     .help = "How long a request waits for its reply if the request does not say."},
    {.path = "rpc.max_pending",
     .kind = MR_KIND_INTEGER,
     .fallback = "100000",
     .flags = MR_KEY_RESTART,
     .least = 1,
     .most = INT32_MOST,
     .unit = "requests",
     .help = "Most requests of a worker's handlers that may wait for their replies; a further "
             "request fails."},
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
     .help = "Purpose of the topic."},

    {.path = "admin.listen",
     .kind = MR_KIND_HOST_PORT,
     .flags = MR_KEY_RESTART,
     .fallback = "127.0.0.1:8080",
     .help = "Address at which health, metrics and status are served."},

    {.path = "log.level",
     .kind = MR_KIND_ONE_OF,
     .fallback = "info",
     .choices = "debug|info|warn|error",
     .help = "The lowest level that is logged."},
    {.path = "log.format",
     .kind = MR_KIND_ONE_OF,
     .fallback = "json",
     .choices = "json|text",
     .help = "One JSON object per line, or text for people."},
    {.path = "log.file",
     .kind = MR_KIND_STRING,
     .flags = MR_KEY_RESTART,
     .example = "\"/var/log/moonroute.log\"",
     .help = "File to append to, reopened at SIGUSR1; none: standard error."},
    {.path = NULL},
};
