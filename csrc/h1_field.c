#include "h1_field.h"

#include <string.h>

struct span {
    const char *text;
    size_t length;
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* `word` is lower case letters and '-'. The locale has no say, as it would in strncasecmp. */
static bool is_word(const char *text, size_t length, const char *word, size_t word_length)
{
    if (length != word_length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if ((text[i] | 0x20) != word[i]) {
            return false;
        }
    }
    return true;
}

#define IS_WORD(text, length, literal) is_word(text, length, literal, sizeof(literal) - 1)

bool pp_h1_status_begins(const char *text, size_t length)
{
    static const char version[] = "HTTP/1.";
    size_t known = sizeof version - 1;
    return memcmp(text, version, length < known ? length : known) == 0;
}

bool pp_h1_status_line(const struct pp_h1_line *line, int *status, bool *http10)
{
    const char *text = line->text;
    if (line->kept < 12 || !pp_h1_status_begins(text, line->kept) || !is_digit(text[7]) || text[8] != ' ' ||
        text[9] < '1' || text[9] > '9' || !is_digit(text[10]) || !is_digit(text[11])) {
        return false;
    }
    if (line->kept > 12 && text[12] != ' ') {
        return false;
    }
    *status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
    *http10 = text[7] == '0';
    return true;
}

/* RFC 9110 5.6.2: letters, digits and !#$%&'*+-.^_`|~ */
static bool is_token_byte(char byte)
{
    static const uint64_t ascii[2] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)};
    unsigned char value = (unsigned char)byte;
    return value < 128 && (ascii[value >> 6] >> (value & 63) & 1) != 0;
}

size_t pp_h1_field_name(const struct pp_h1_line *line)
{
    size_t length = 0;
    while (length < line->kept && is_token_byte(line->text[length])) {
        length++;
    }
    return length < line->kept && line->text[length] == ':' ? length : 0;
}

static struct span trim(struct span value)
{
    while (value.length > 0 && is_blank(value.text[0])) {
        value.text++;
        value.length--;
    }
    while (value.length > 0 && is_blank(value.text[value.length - 1])) {
        value.length--;
    }
    return value;
}

/* Takes the next element off a comma-separated list, trimmed and possibly empty. False: there are no more. An
 * empty list has one empty element. */
static bool next_element(struct span *list, struct span *element)
{
    if (list->text == NULL) {
        return false;
    }
    const char *comma = memchr(list->text, ',', list->length);
    size_t length = comma == NULL ? list->length : (size_t)(comma - list->text);
    *element = trim((struct span){list->text, length});
    *list = comma == NULL ? (struct span){NULL, 0} : (struct span){comma + 1, list->length - length - 1};
    return true;
}

/* Digits only, and within int64_t. */
static bool read_number(struct span digits, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.length; i++) {
        if (!is_digit(digits.text[i]) || number > (uint64_t)INT64_MAX / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(digits.text[i] - '0');
    }
    *out = number;
    return digits.length > 0 && number <= (uint64_t)INT64_MAX;
}

/* Equal values, in one list or in several fields, are one; different ones frame nothing. */
static bool read_content_length(struct pp_h1 *response, struct span list)
{
    struct span element;
    while (next_element(&list, &element)) {
        uint64_t length;
        if (!read_number(element, &length) || (response->has_length && length != response->length)) {
            return false;
        }
        response->has_length = true;
        response->length = length;
    }
    return true;
}

/* `chunked` frames the body only as the last coding (RFC 9112, 6.3), is never applied twice, and has no
 * parameters (7.1). `identity`, gone since RFC 7230, means what it always did: nothing. libcurl agrees. */
static bool read_transfer_encoding(struct pp_h1 *response, struct span list)
{
    struct span coding;
    while (next_element(&list, &coding)) {
        if (coding.length == 0 || IS_WORD(coding.text, coding.length, "identity")) {
            continue;
        }
        const char *semicolon = memchr(coding.text, ';', coding.length);
        struct span name = coding;
        name.length = semicolon == NULL ? coding.length : (size_t)(semicolon - coding.text);
        name = trim(name);
        bool chunked = IS_WORD(name.text, name.length, "chunked");
        if (chunked && (response->chunked || semicolon != NULL)) {
            return false;
        }
        response->coded = true;
        response->chunked = chunked;
    }
    return true;
}

static void read_connection(struct pp_h1 *response, struct span list)
{
    struct span option;
    while (next_element(&list, &option)) {
        response->close_seen |= IS_WORD(option.text, option.length, "close");
        response->keep_alive_seen |= IS_WORD(option.text, option.length, "keep-alive");
    }
}

enum field { FIELD_OTHER, FIELD_CONNECTION, FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING };

static enum field which_field(const char *name, size_t length)
{
    switch (length) {
    case sizeof "connection" - 1:
        return IS_WORD(name, length, "connection") ? FIELD_CONNECTION : FIELD_OTHER;
    case sizeof "content-length" - 1:
        return IS_WORD(name, length, "content-length") ? FIELD_CONTENT_LENGTH : FIELD_OTHER;
    case sizeof "transfer-encoding" - 1:
        return IS_WORD(name, length, "transfer-encoding") ? FIELD_TRANSFER_ENCODING : FIELD_OTHER;
    default:
        return FIELD_OTHER;
    }
}

bool pp_h1_field_read(struct pp_h1 *response, const struct pp_h1_line *line, size_t name_length)
{
    enum field field = which_field(line->text, name_length);
    if (field == FIELD_OTHER) {
        return true;
    }
    if (line->length > line->kept) {
        return false;
    }
    struct span value = {line->text + name_length + 1, line->kept - name_length - 1};
    switch (field) {
    case FIELD_CONTENT_LENGTH:
        return read_content_length(response, value);
    case FIELD_TRANSFER_ENCODING:
        return read_transfer_encoding(response, value);
    default:
        read_connection(response, value);
        return true;
    }
}

int pp_h1_hex_digit(char byte)
{
    if (is_digit(byte)) {
        return byte - '0';
    }
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool pp_h1_chunk_size(const struct pp_h1_line *line, uint64_t *size)
{
    uint64_t number = 0;
    size_t i = 0;
    for (int digit; i < line->kept && (digit = pp_h1_hex_digit(line->text[i])) >= 0; i++) {
        if (number > (uint64_t)INT64_MAX >> 4) {
            return false;
        }
        number = number << 4 | (uint64_t)digit;
    }
    if (i == 0) {
        return false;
    }
    while (i < line->kept && is_blank(line->text[i])) {
        i++;
    }
    *size = number;
    return i == line->kept ? line->kept == line->length : line->text[i] == ';';
}
