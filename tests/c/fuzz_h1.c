/* libFuzzer target: whatever the bytes and wherever they are split, the framing gives the same, and what must
 * always hold holds (h1_feed.h). The first byte says how to split and whether HEAD was asked; the rest is the
 * response. make -C tests/c fuzz [FUZZ_SECONDS=60] */
#include "h1_corpus.h"
#include "h1_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *input = (const char *)data + 1;
    size_t length = size - 1;
    bool head = (data[0] & 1) != 0;
    struct h1_outcome whole = h1_feed(input, length, head, h1_split_whole, 0);
    H1_ALWAYS(h1_same_when_split(&whole, input, length, head, h1_split_bytes, 0));
    H1_ALWAYS(h1_same_when_split(&whole, input, length, head, h1_split_random, data[0]));
    free(whole.body);
    return 0;
}

/* Now and then begins again from a response of the corpus. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (seed % 32 == 0) {
        const struct h1_case *seeded = &h1_cases[seed / 32 % H1_CASES];
        if (seeded->length < max_size) {
            data[0] = (uint8_t)(seed >> 24);
            memcpy(data + 1, seeded->input, seeded->length);
            size = seeded->length + 1;
        }
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
