/*
 * replay FILE|DIRECTORY...: every file of the corpus, cut short, and changed in ways that are always the same.
 *
 * PCA_FUZZ_CHANGES: changes to each file, and at most as many cuts (default 200).
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define GROWTH 4096

static uint64_t state;
static unsigned long changes = 200, files;

static size_t draw(size_t below)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return below ? (size_t)(state >> 33) % below : 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
    static const uint8_t liked[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x30, '.', '*', '\\'};
    size_t at = draw(size + 1), length = draw(size - at < 8 ? size - at + 1 : 8);
    uint8_t octet = draw(2) ? liked[draw(sizeof liked)] : (uint8_t)draw(256);
    switch (draw(4)) {
    case 0: /* some fewer */
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 1: /* one more */
        if (size == most)
            return size;
        memmove(data + at + 1, data + at, size - at);
        data[at] = octet;
        return size + 1;
    default:
        if (at < size)
            data[at] = octet;
        return size;
    }
}

/* In a block of its own size, for the sanitizers. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    must(copy);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_octets(const uint8_t *data, size_t size)
{
    uint8_t *changed = malloc(size + GROWTH);
    must(changed);
    run(data, size);
    for (size_t i = 0, step = size / (changes + 1) + 1; i < size; i += step)
        run(data, i);
    size_t now = size;
    memcpy(changed, data, size);
    for (unsigned long i = 0; i < changes; i++) {
        if (i % 4 == 0) { /* at most four on top of each other */
            memcpy(changed, data, size);
            now = size;
        }
        now = LLVMFuzzerCustomMutator(changed, now, size + GROWTH, (unsigned)draw(1u << 31));
        run(changed, now);
    }
    free(changed);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    if (!file || fstat(fileno(file), &st) != 0) {
        perror(path);
        exit(1);
    }
    uint8_t *data = malloc((size_t)st.st_size + 1);
    must(data && fread(data, 1, (size_t)st.st_size, file) == (size_t)st.st_size);
    fclose(file);
    state = 1;
    replay_octets(data, (size_t)st.st_size);
    free(data);
    files++;
}

static void replay(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) {
        replay_file(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        char name[1024];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (*entry->d_name != '.')
            replay_file(name);
    }
    closedir(directory);
}

int main(int argc, char **argv)
{
    const char *asked = getenv("PCA_FUZZ_CHANGES");
    if (asked)
        changes = strtoul(asked, NULL, 10);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%lu files\n", files);
    return files == 0;
}
