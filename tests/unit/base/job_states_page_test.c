#include "base/job_states.h"
#include "base/metrics.h"
#include "made.h"

static const char page[] = "docs/ARCHITECTURE.md";
static const char begin[] = "<!-- job states: begin -->\n";
static const char end[] = "<!-- job states: end -->\n";

static void append_diagram(struct mr_buf *out)
{
#define NEXT(state, name, listed, next) [MR_JOB_##state] = (next),
    static const unsigned followers[MR_JOB_STATES] = {MR_JOB_STATE_TABLE(NEXT)};
#undef NEXT
    mr_buf_printf(out, "```mermaid\nstateDiagram-v2\n    [*] --> %s\n", mr_job_state_names[0]);
    for (int from = 0; from < MR_JOB_STATES; from++) {
        for (int to = 0; to < MR_JOB_STATES; to++)
            if ((followers[from] & 1U << to) != 0)
                mr_buf_printf(out, "    %s --> %s\n", mr_job_state_names[from],
                              mr_job_state_names[to]);
        if (followers[from] == 0)
            mr_buf_printf(out, "    %s --> [*]\n", mr_job_state_names[from]);
    }
    mr_buf_string(out, "```\n");
}

/* The page as it is, with the diagram of the table between the two marks. */
static struct mr_buf made(void)
{
    struct mr_buf path = in_repository(page), there = {0}, out = {0};
    assert_int_equal(mr_file_read(mr_buf_text(&path), 1 << 20, &there), 0);
    const char *from = strstr(mr_buf_text(&there), begin), *to = strstr(mr_buf_text(&there), end);
    assert_true(from != NULL && to != NULL && from < to);
    mr_buf_append(&out, there.data, (size_t)(from - there.data) + strlen(begin));
    append_diagram(&out);
    mr_buf_string(&out, to);
    mr_buf_free(&path);
    mr_buf_free(&there);
    return out;
}

int main(int argc, char **argv)
{
    return made_main(argc, argv, page, made);
}
