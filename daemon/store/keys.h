/*
 * What lies on the disk: keys and values of every family.
 *
 * Numbers are big-endian, so that keys sort by number. Every value begins with one byte, the
 * version of its layout; `text` stands for bytes up to the value's end.
 *
 *   family    key                                 value, after the version byte
 *   meta      "schema"                            u32 (no version byte: it is the version of all)
 *             "epoch"                             8 bytes
 *             "numbers"                           struct store_numbers, six u64
 *             "head"                              u64: no queued item has a smaller id
 *             "applied"                           u64: records of the journal that are in here
 *             "repaired"                          u64: results before this seq may have been lost
 *   sources   id                                  text: state as source/ writes it
 *   seen      16 bytes of identity                u32 hours, text: entry as link/ writes it
 *   texts     16 bytes of hash                    u32 hours, text: entry as link/ writes it
 *   urls      16 bytes of a URL's identity        u32 hours, text: uri
 *   queue     u64 id                              text: work
 *   heads     u64 id, of each queued item         u32 length of its work, its first STORE_HEAD bytes
 *   tries     u64 id                              u32 deliveries, u32 deaths
 *   dead      u64 id                              i64 at, u32 deliveries, u32 deaths, 2 x u32
 *                                                 lengths, reason, worker, text: work
 *   results   u64 seq                             u64 prev, i64 at, 3 x u32 lengths, topic, uri,
 *                                                 version, text: record
 *   recorded  uri, version, u32 version's length  u32 hours, u64 seq
 *   topics    topic                               u64 seq
 *
 * "hours" since 1970 say when a row was written; rows with it age (age.h). Values of version 1 have
 * none: their hours are read as 0, and they get one when they are next compacted or asked for.
 *
 * Changing a layout
 *   - A value's layout changes: give it a new version byte, write only the new one, and let its
 *     decoder here take both. The old decoder goes when a schema step has rewritten all of them.
 *   - A key's layout, a family's meaning or a family's name changes, or older programs would
 *     misread what is new: raise STORE_SCHEMA and add a step to migrate.c that rewrites what is
 *     there in synced batches, sets the "schema" key in the last of them, and may be interrupted
 *     anywhere and run again.
 *   - A new family alone: add it to families.c; it is made at the next open. Raise STORE_SCHEMA
 *     when a program that does not know it would lose by that.
 *
 * Decoders get bytes that a disk may have changed: they check every length and the end, and say
 * -EBADMSG; what they hand out points into the value.
 */
#ifndef DATELINE_STORE_KEYS_H
#define DATELINE_STORE_KEYS_H

#include "store.h"
#include "str.h"

#include <stdint.h>

/* 2: rows age, and the queue has heads. 3: what is newest stands in the journal. 4: the work of an item under
 * an embargo has its end in front, which programs before would not keep. */
#define STORE_SCHEMA 4
#define SCHEMA_HEADS 2

#define VALUE_VERSION 1 /* every layout but those with hours is at its first version */
#define VALUE_AGED    2

struct key_number { /* of queue, tries, dead, results */
    uint8_t at[8];
};
struct key_number key_number(uint64_t n);
int key_number_read(struct str key, uint64_t *out);

/* recorded: appended to `out`. The length stands last so that the versions of one uri lie together.
 */
void key_recorded(struct buf *out, struct str uri, struct str version);

/* Text behind the version byte. */
int value_text(struct str value, struct str *out);
/* A version byte and one u64. */
#define VALUE_NUMBER 9
void value_number_write(uint8_t out[VALUE_NUMBER], uint64_t n);
int value_number(struct str value, uint64_t *out);

/* Rows that age: what stands before their text, or before the seq of a recorded row. */
#define VALUE_AGED_HEAD 5
void value_aged_write(uint8_t out[VALUE_AGED_HEAD], uint32_t hours);
int value_aged(struct str value, uint32_t *out_hours, struct str *out_text);
#define VALUE_RECORDED 13
void value_recorded_write(uint8_t out[VALUE_RECORDED], uint32_t hours, uint64_t seq);
int value_recorded(struct str value, uint32_t *out_hours, uint64_t *out_seq);

#define VALUE_HEAD (5 + STORE_HEAD) /* at most */
/* Gives the bytes written. */
size_t value_head_write(uint8_t out[VALUE_HEAD], struct str work);
int value_head(struct str value, uint32_t *out_size, struct str *out_head);

#define VALUE_SCHEMA 4
void value_schema_write(uint8_t out[VALUE_SCHEMA], uint32_t schema);
int value_schema(struct str value, uint32_t *out);

#define VALUE_EPOCH 9
/* A new one, of random bytes. */
void value_epoch_write(uint8_t out[VALUE_EPOCH]);

#define VALUE_NUMBERS 49
void value_numbers_write(uint8_t out[VALUE_NUMBERS], const struct store_numbers *numbers);
int value_numbers(struct str value, struct store_numbers *out);

#define VALUE_TRIES 9
void value_tries_write(uint8_t out[VALUE_TRIES], struct store_tries tries);
int value_tries(struct str value, struct store_tries *out);

/* What stands before the reason. Version 1 had a u32 length, the reason and the work alone. */
#define VALUE_DEAD      2
#define VALUE_DEAD_HEAD 25
void value_dead_write(uint8_t out[VALUE_DEAD_HEAD], const struct store_dead *dead);
int value_dead(struct str value, struct store_dead *out);

/* What stands before the topic. */
#define VALUE_RESULT_HEAD 29
void value_result_write(uint8_t out[VALUE_RESULT_HEAD], const struct store_result *result);
/* Fills all but seq, which is the key. */
int value_result(struct str value, struct store_result *out);

#endif
