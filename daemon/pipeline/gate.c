/* Who is let in: the keys of the configuration, what the log says of them, and their numbers. */
#include "inside.h"

#include <sysexits.h>

#include "authorised.h"
#include "log.h"

static int open_keys(const struct config *c, struct keyring **out, char why[PIPELINE_WHY])
{
    char reason[KEYRING_WHY];
    const struct keyring_files files = {c->security.key, NULL};
    if (keyring_open(&files, out, reason) == 0)
        return 0;
    snprintf(why, PIPELINE_WHY, "security.key: %.480s", reason);
    return EX_CONFIG;
}

/* Strangers are told once with all an operator needs to let them in; floods are the log's to hold back. */
static void on_gate(void *ctx, const struct keyring_event *event)
{
    (void)ctx;
    const char *socket = keyring_domain_name(event->domain);
    if (event->result == KEYRING_LET_IN)
        log_debug("security: let in socket=%s name=%s address=%s", socket, log_safez(event->name),
                  log_safe(event->address));
    else if (event->result == KEYRING_CUT)
        log_warning("security: connection cut socket=%s reason=%s name=%s key=%s", socket,
                    keyring_result_name(event->cut_for), log_safez(event->name),
                    log_safez(event->key));
    else
        log_warning("security: refused reason=%s socket=%s address=%s name=%s key=%s",
                    keyring_result_name(event->result), socket, log_safe(event->address),
                    log_safez(event->name), log_safez(event->key));
}

int gate_open(struct pipeline *p, char why[PIPELINE_WHY])
{
    const struct config *c = p->config;
    char reason[KEYRING_WHY];
    int rc = open_keys(c, &p->keys, why);
    if (rc != 0)
        return rc;
    const struct keyring_gate gate = {.loop = p->loop,
                                      .zmq = p->zmq,
                                      .authorised = c->security.authorised_keys,
                                      .up = on_gate,
                                      .ctx = p};
    if (keyring_guard(p->keys, &gate, reason) == 0)
        return 0;
    snprintf(why, PIPELINE_WHY, "security.authorised_keys: %.470s", reason);
    return EX_CONFIG;
}

void gate_close(struct pipeline *p)
{
    keyring_unguard(p->keys);
    keyring_close(p->keys);
    p->keys = NULL;
}

void pipeline_reload(struct pipeline *p)
{
    char reason[KEYRING_WHY];
    struct keyring_counts counts;
    if (!p->config->security.authorised_keys) {
        log_info("security: there is nothing to read again: security.authorised_keys is not set");
        return;
    }
    if (keyring_reload(p->keys, reason) != 0) {
        log_error("security: the authorised keys stay as they were: %s", reason);
        return;
    }
    keyring_counts(p->keys, &counts);
    log_info("security: authorised keys read again keys=%u", counts.authorised);
}

json_t *security_json(const struct pipeline *p)
{
    struct keyring_counts counts;
    json_t *o, *outcome;
    if (!p->keys)
        return json_null();
    keyring_counts(p->keys, &counts);
    outcome = json_object();
    for (int i = 0; i < KEYRING_RESULTS; i++)
        json_object_set_new(outcome, keyring_result_name((enum keyring_result)i),
                            json_integer((json_int_t)counts.results[i]));
    o = json_pack("{s:I, s:I, s:o}", "authorised", (json_int_t)counts.authorised, "peers",
                  (json_int_t)counts.peers, "auth", outcome);
    return o;
}

int pipeline_check_keys(const struct config *config, char why[PIPELINE_WHY])
{
    struct keyring *keys = NULL;
    struct authorised *list = NULL;
    char reason[KEY_WHY];
    int rc = open_keys(config, &keys, why);
    if (rc == 0 && config->security.authorised_keys &&
        authorised_read(config->security.authorised_keys, &list, reason) != 0) {
        snprintf(why, PIPELINE_WHY, "security.authorised_keys: %.470s", reason);
        rc = EX_CONFIG;
    }
    authorised_free(list);
    keyring_close(keys);
    return rc;
}
