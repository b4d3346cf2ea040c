/* A configuration: whatever it holds, it is refused with an error that is one harmless line, or
 * gives settings that every reader may rely on. */
#include "config.h"

#include <assert.h>

#include "limits.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_error(const struct config_error *error)
{
    size_t len = strnlen(error->text, sizeof error->text);
    assert(len > 0 && len < sizeof error->text);
    assert(utf8_valid((struct str){error->text, len}));
    for (size_t i = 0; i < len; i++)
        assert((unsigned char)error->text[i] >= ' ' && error->text[i] != 0x7f);
}

static void look_at_config(const struct config *config)
{
    assert(config->state && config->state[0] == '/' && config->runtime[0] == '/');
    assert(config->work.bind[0] && config->live.bind[0] && config->worker.connect[0]);
    assert(config_is_local(config->control.bind));
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *s = &config->sources[i];
        assert(s->kind && s->id && *s->id && str_of(s->id).len <= LIMIT_SOURCE_ID);
        bool handed_in = str_is(str_of(s->kind), "push"); /* nobody is asked for its items */
        assert(handed_in ? !s->url && !s->path : !s->url != !s->path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct config_error error;
    if (config_parse((struct str){(const char *)data, size}, "fuzz.yaml", "/fuzz", &config,
                     &error) < 0)
        look_at_error(&error);
    else
        look_at_config(config);
    config_free(config);
    return 0;
}
