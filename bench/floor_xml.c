/* Floor: libxml2's SAX walk over the same feeds, with no handler but one that counts elements.
 *
 *   floor_xml FILE...      prints {"bytes", "elements", "seconds"} */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long elements;

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespaces_count, const xmlChar **namespaces, int attributes,
                     int defaulted, const xmlChar **values)
{
    (void)ctx, (void)name, (void)prefix, (void)uri, (void)namespaces_count, (void)namespaces;
    (void)attributes, (void)defaulted, (void)values;
    elements++;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *read_file(const char *path, long *size)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0 || (*size = ftell(f)) < 0) {
        perror(path);
        exit(66);
    }
    rewind(f);
    char *bytes = malloc((size_t)*size + 1);
    if (!bytes || fread(bytes, 1, (size_t)*size, f) != (size_t)*size) {
        perror(path);
        exit(66);
    }
    fclose(f);
    return bytes;
}

static void walk(const char *bytes, int size)
{
    xmlParserCtxtPtr ctxt = xmlCreateMemoryParserCtxt(bytes, size);
    if (!ctxt)
        return;
    xmlCtxtUseOptions(ctxt, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
                                XML_PARSE_NOWARNING);
    memset(ctxt->sax, 0, sizeof *ctxt->sax);
    ctxt->sax->initialized = XML_SAX2_MAGIC;
    ctxt->sax->startElementNs = on_start;
    ctxt->sax2 = 1;
    xmlParseDocument(ctxt);
    xmlFreeParserCtxt(ctxt);
}

int main(int argc, char **argv)
{
    double seconds = 0;
    long total = 0;
    for (int i = 1; i < argc; i++) {
        long size;
        char *bytes = read_file(argv[i], &size);
        double from = cpu();
        walk(bytes, (int)size);
        seconds += cpu() - from;
        total += size;
        free(bytes);
    }
    printf("{\"bytes\": %ld, \"elements\": %ld, \"seconds\": %.6f}\n", total, elements, seconds);
    return elements > 0 ? 0 : 70;
}
