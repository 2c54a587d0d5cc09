#include "worker/consumer/start_offsets.h"

#include <sys/eventfd.h>

static void on_thread(uv_work_t *work)
{
    struct mr_start_offsets *asking = work->data;
    mr_question_ask(asking->question);
}

static void after_work(uv_work_t *work, int status)
{
    struct mr_start_offsets *asking = work->data;
    struct mr_question *question = asking->question;
    (void)status;
    asking->question = NULL;
    if (!asking->stopped)
        mr_consumer_answered(asking->consumer, question);
    mr_question_free(question);
    eventfd_write(asking->wake_fd, 1);
}

void mr_start_offsets_further(struct mr_start_offsets *asking)
{
    if (asking->question != NULL || asking->stopped)
        return;
    asking->question = mr_consumer_question(asking->consumer);
    if (asking->question == NULL)
        return;
    asking->work.data = asking;
    uv_queue_work(asking->loop, &asking->work, on_thread, after_work);
}

void mr_start_offsets_stop(struct mr_start_offsets *asking)
{
    asking->stopped = true;
}
