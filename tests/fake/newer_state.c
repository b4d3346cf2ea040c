/* Makes a state look as if a newer version had written it: newer_state DIRECTORY */
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(char *error)
{
    if (!error)
        return;
    fprintf(stderr, "newer_state: %s\n", error);
    exit(74);
}

int main(int argc, char **argv)
{
    static const char schema[4] = {0, 0, 0, 127};
    char *error = NULL;
    size_t count;
    if (argc != 2)
        return 64;
    rocksdb_options_t *options = rocksdb_options_create();
    char **names = rocksdb_list_column_families(options, argv[1], &count, &error);
    must(error);
    const rocksdb_options_t **each = calloc(count, sizeof *each);
    rocksdb_column_family_handle_t **families = calloc(count, sizeof *families);
    for (size_t i = 0; i < count; i++)
        each[i] = options;
    rocksdb_t *db = rocksdb_open_column_families(
        options, argv[1], (int)count, (const char *const *)names, each, families, &error);
    must(error);
    rocksdb_writeoptions_t *write = rocksdb_writeoptions_create();
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], "meta") == 0)
            rocksdb_put_cf(db, write, families[i], "schema", 6, schema, sizeof schema, &error);
    must(error);
    for (size_t i = 0; i < count; i++)
        rocksdb_column_family_handle_destroy(families[i]);
    rocksdb_close(db);
    rocksdb_writeoptions_destroy(write);
    rocksdb_list_column_families_destroy(names, count);
    rocksdb_options_destroy(options);
    free(each);
    free(families);
    return 0;
}
