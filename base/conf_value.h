/* One value of a setting: text in, number or text out. Between conf.c and conf_value.c only. */
#ifndef DATELINE_CONF_VALUE_H
#define DATELINE_CONF_VALUE_H

#include "conf.h"

/* Converts `text` and puts it at `at`, which is of the setting's type; no lists, no sections. 0, or
 * -EINVAL with a reason that goes behind the setting's name. */
int conf_value_put(const struct conf_setting *setting, const char *dir, struct str text, char *at,
                   struct buf *why);
/* A text that the setting accepts, paths made absolute. The caller owns it. The same errors. */
int conf_value_text(const struct conf_setting *setting, const char *dir, struct str text,
                    char **out, struct buf *why);
/* "0s to 1h". Appends. */
void conf_value_range(struct buf *out, const struct conf_setting *setting);

#endif
