#include "master/answers.h"

#include <string.h>

#include "master/exposition.h"
#include "master/health.h"
#include "master/status.h"

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; charset=utf-8";

typedef void answer_fn(const struct mr_question *question, const struct mr_view *view,
                       struct mr_answer *answer);

static void answer_health(const struct mr_question *question, const struct mr_view *view,
                          struct mr_answer *answer, enum mr_health_question about)
{
    answer->status = mr_health_well(view, about) ? 200 : 503;
    if (question->as_text)
        mr_health_text(view, about, &answer->body);
    else
        mr_health_json(view, about, &answer->body);
}

static void answer_both(const struct mr_question *question, const struct mr_view *view,
                        struct mr_answer *answer)
{
    answer_health(question, view, answer, MR_HEALTH_BOTH);
}

static void answer_live(const struct mr_question *question, const struct mr_view *view,
                        struct mr_answer *answer)
{
    answer_health(question, view, answer, MR_HEALTH_LIVE);
}

static void answer_ready(const struct mr_question *question, const struct mr_view *view,
                         struct mr_answer *answer)
{
    answer_health(question, view, answer, MR_HEALTH_READY);
}

static void answer_metrics(const struct mr_question *question, const struct mr_view *view,
                           struct mr_answer *answer)
{
    (void)question;
    answer->type = MR_EXPOSITION_TYPE;
    mr_exposition(view, &answer->body);
}

static void answer_status(const struct mr_question *question, const struct mr_view *view,
                          struct mr_answer *answer)
{
    if (question->as_text)
        mr_status_text(view, &answer->body);
    else
        mr_status_json(view, &answer->body);
}

static const struct {
    const char *path;
    answer_fn *answer;
} table[] = {
    {"/health", answer_both},     {"/health/live", answer_live}, {"/health/ready", answer_ready},
    {"/metrics", answer_metrics}, {"/status", answer_status},
};
enum { PATHS = sizeof(table) / sizeof(table[0]) };

static void refuse(struct mr_answer *answer, unsigned status, const char *message)
{
    answer->status = status;
    answer->type = json_type;
    mr_buf_printf(&answer->body, "{\"status\":%u,\"message\":\"%s\"}\n", status, message);
}

static void not_found(struct mr_answer *answer)
{
    answer->status = 404;
    answer->type = json_type;
    mr_buf_string(&answer->body, "{\"status\":404,\"message\":\"no such path\",\"paths\":[");
    for (int i = 0; i < PATHS; i++)
        mr_buf_printf(&answer->body, "%s\"%s\"", i ? "," : "", table[i].path);
    mr_buf_string(&answer->body, "]}\n");
}

void mr_answer(const struct mr_question *question, const struct mr_view *view,
               struct mr_answer *answer)
{
    *answer = (struct mr_answer){.status = 200, .type = question->as_text ? text_type : json_type};
    int row = 0;
    while (row < PATHS && strcmp(table[row].path, question->path) != 0)
        row++;
    if (row == PATHS) {
        not_found(answer);
    } else if (strcmp(question->method, "GET") != 0 && strcmp(question->method, "HEAD") != 0) {
        refuse(answer, 405, "only GET and HEAD are answered here");
        answer->allow = "GET, HEAD";
    } else if (question->has_body) {
        refuse(answer, 413, "a request's body is not read here");
    } else {
        table[row].answer(question, view, answer);
    }
}
