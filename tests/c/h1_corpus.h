/* Responses and what each is to give: for the tests of the framing, and as seeds for fuzzing it. All are fed
 * until an event ends them, else the peer closes. */
#ifndef H1_CORPUS_H
#define H1_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct h1_case {
    const char *name;
    const char *input;
    size_t length;
    bool head; /* the answer to HEAD */
    /* Expected. */
    enum pp_error error;
    int status;
    bool keep_alive;
    const char *body;
    size_t body_length;
    size_t surplus; /* bytes left over at the end of a whole response */
};

#define BYTES(text) (text), sizeof(text) - 1
#define GOOD PP_ERROR_NONE
#define BAD PP_ERROR_PROTOCOL
#define CUT PP_ERROR_TRUNCATED
#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define TWO_HUNDRED_X                                                                                        \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"   \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct h1_case h1_cases[] = {
    /* Bodies by length */
    {"content length", BYTES(OK_LINE "Content-Length: 5\r\n\r\nhello"), false, GOOD, 200, true,
     BYTES("hello"), 0},
    {"empty body", BYTES(OK_LINE "Content-Length: 0\r\n\r\n"), false, GOOD, 200, true, BYTES(""), 0},
    {"names in any case, blanks around values", BYTES(OK_LINE "cOnTeNt-LeNgTh:\t 5 \t\r\n\r\nhello"), false,
     GOOD, 200, true, BYTES("hello"), 0},
    {"equal lengths in a list", BYTES(OK_LINE "Content-Length: 5, 5\r\n\r\nhello"), false, GOOD, 200, true,
     BYTES("hello"), 0},
    {"equal lengths in two fields", BYTES(OK_LINE "Content-Length: 5\r\nContent-Length: 05\r\n\r\nhello"),
     false, GOOD, 200, true, BYTES("hello"), 0},
    {"different lengths in a list", BYTES(OK_LINE "Content-Length: 5, 6\r\n\r\nhello"), false, BAD, 200,
     false, BYTES(""), 0},
    {"different lengths in two fields", BYTES(OK_LINE "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
     false, BAD, 200, false, BYTES(""), 0},
    {"length with a sign", BYTES(OK_LINE "Content-Length: +5\r\n\r\nhello"), false, BAD, 200, false,
     BYTES(""), 0},
    {"negative length", BYTES(OK_LINE "Content-Length: -5\r\n\r\nhello"), false, BAD, 200, false, BYTES(""),
     0},
    {"length with a letter", BYTES(OK_LINE "Content-Length: 3x\r\n\r\nhello"), false, BAD, 200, false,
     BYTES(""), 0},
    {"length of nothing", BYTES(OK_LINE "Content-Length:\r\n\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"length list with a gap", BYTES(OK_LINE "Content-Length: 5,\r\n\r\nhello"), false, BAD, 200, false,
     BYTES(""), 0},
    {"two numbers without a comma", BYTES(OK_LINE "Content-Length: 5 5\r\n\r\nhello"), false, BAD, 200, false,
     BYTES(""), 0},
    {"greatest length", BYTES(OK_LINE "Content-Length: 9223372036854775807\r\n\r\nhi"), false, CUT, 200,
     false, BYTES("hi"), 0},
    {"length over 63 bits", BYTES(OK_LINE "Content-Length: 9223372036854775808\r\n\r\nhi"), false, BAD, 200,
     false, BYTES(""), 0},
    {"length that would wrap", BYTES(OK_LINE "Content-Length: 18446744073709551621\r\n\r\nhi"), false, BAD,
     200, false, BYTES(""), 0},
    {"body cut short", BYTES(OK_LINE "Content-Length: 100\r\n\r\nabc"), false, CUT, 200, false, BYTES("abc"),
     0},
    {"surplus after the body", BYTES(OK_LINE "Content-Length: 2\r\n\r\nhi!!!"), false, GOOD, 200, true,
     BYTES("hi"), 3},
    {"surplus after an empty body", BYTES(OK_LINE "Content-Length: 0\r\n\r\nx"), false, GOOD, 200, true,
     BYTES(""), 1},
    {"body of any bytes", BYTES(OK_LINE "Content-Length: 6\r\n\r\n\r\n\0\r\n\n"), false, GOOD, 200, true,
     BYTES("\r\n\0\r\n\n"), 0},
    /* Without a body */
    {"204", BYTES("HTTP/1.1 204 No Content\r\n\r\n"), false, GOOD, 204, true, BYTES(""), 0},
    {"204 that claims a length", BYTES("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), false, GOOD,
     204, true, BYTES(""), 0},
    {"304 with the length it would have", BYTES("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
     false, GOOD, 304, true, BYTES(""), 0},
    {"304 that claims chunks", BYTES("HTTP/1.1 304 Not Modified\r\n" CHUNKED "\r\n"), false, GOOD, 304, true,
     BYTES(""), 0},
    {"answer to HEAD", BYTES(OK_LINE "Content-Length: 5\r\n\r\n"), true, GOOD, 200, true, BYTES(""), 0},
    {"answer to HEAD without a length", BYTES(OK_LINE "\r\n"), true, GOOD, 200, true, BYTES(""), 0},
    {"answer to HEAD with a body after all", BYTES(OK_LINE "Content-Length: 2\r\n\r\nhi"), true, GOOD, 200,
     true, BYTES(""), 2},
    /* Until close */
    {"until close", BYTES(OK_LINE "\r\nhello"), false, GOOD, 200, false, BYTES("hello"), 0},
    {"until close, nothing came", BYTES(OK_LINE "\r\n"), false, GOOD, 200, false, BYTES(""), 0},
    {"404 until close", BYTES("HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\nno"), false, GOOD, 404, false,
     BYTES("no"), 0},
    /* Chunks */
    {"chunks", BYTES(OK_LINE CHUNKED "\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), false, GOOD, 200, true,
     BYTES("hello!"), 0},
    {"hexadecimal in both cases",
     BYTES(OK_LINE CHUNKED "\r\nA\r\n0123456789\r\n00b\r\n0123456789a\r\n000\r\n\r\n"), false, GOOD, 200,
     true, BYTES("01234567890123456789a"), 0},
    {"extensions and trailers",
     BYTES(OK_LINE CHUNKED
           "\r\n5;a=b;c=\"d\"\r\nhello\r\n1 ; x\r\n!\r\n0;z\r\nChecksum: 7\r\nContent-Length: x\r\n\r\n"),
     false, GOOD, 200, true, BYTES("hello!"), 0},
    {"chunked body of nothing", BYTES(OK_LINE CHUNKED "\r\n0\r\n\r\n"), false, GOOD, 200, true, BYTES(""), 0},
    {"surplus after chunks", BYTES(OK_LINE CHUNKED "\r\n1\r\na\r\n0\r\n\r\nHTTP"), false, GOOD, 200, true,
     BYTES("a"), 4},
    {"chunks with bare LF", BYTES(OK_LINE CHUNKED "\r\n2\nhi\n0\n\n"), false, GOOD, 200, true, BYTES("hi"),
     0},
    {"no last chunk", BYTES(OK_LINE CHUNKED "\r\n5\r\nhello\r\n"), false, CUT, 200, false, BYTES("hello"), 0},
    {"cut within a chunk", BYTES(OK_LINE CHUNKED "\r\n5\r\nhel"), false, CUT, 200, false, BYTES("hel"), 0},
    {"cut before the last empty line", BYTES(OK_LINE CHUNKED "\r\n5\r\nhello\r\n0\r\n"), false, CUT, 200,
     false, BYTES("hello"), 0},
    {"chunk size is no number", BYTES(OK_LINE CHUNKED "\r\nZZ\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"chunk size followed by junk", BYTES(OK_LINE CHUNKED "\r\n5 x\r\nhello\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"empty chunk size", BYTES(OK_LINE CHUNKED "\r\n\r\nhello\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"chunk size with a sign", BYTES(OK_LINE CHUNKED "\r\n-5\r\nhello\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"greatest chunk size", BYTES(OK_LINE CHUNKED "\r\n7fffffffffffffff\r\nhi"), false, CUT, 200, false,
     BYTES("hi"), 0},
    {"chunk size over 63 bits", BYTES(OK_LINE CHUNKED "\r\n8000000000000000\r\nhi"), false, BAD, 200, false,
     BYTES(""), 0},
    {"chunk size that would wrap", BYTES(OK_LINE CHUNKED "\r\n10000000000000002\r\nhi"), false, BAD, 200,
     false, BYTES(""), 0},
    {"chunk longer than its size", BYTES(OK_LINE CHUNKED "\r\n2\r\nhello\r\n0\r\n\r\n"), false, BAD, 200,
     false, BYTES("he"), 0},
    {"junk right after a chunk", BYTES(OK_LINE CHUNKED "\r\n2\r\nhix"), false, BAD, 200, false, BYTES("hi"),
     0},
    {"junk where a chunk size should begin", BYTES(OK_LINE CHUNKED "\r\n2\r\nhi\r\nx"), false, BAD, 200,
     false, BYTES("hi"), 0},
    {"CR alone after a chunk", BYTES(OK_LINE CHUNKED "\r\n2\r\nhi\r0\r\n\r\n"), false, BAD, 200, false,
     BYTES("hi"), 0},
    {"CR in an extension", BYTES(OK_LINE CHUNKED "\r\n2;a\rb\r\nhi\r\n0\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"trailer without a colon", BYTES(OK_LINE CHUNKED "\r\n0\r\njunk\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    /* Transfer-Encoding */
    {"length and chunks together", BYTES(OK_LINE "Content-Length: 3\r\n" CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n"),
     false, GOOD, 200, false, BYTES("hi"), 0},
    {"chunks and length together", BYTES(OK_LINE CHUNKED "Content-Length: 3\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
     false, GOOD, 200, false, BYTES("hi"), 0},
    {"coded, then chunked", BYTES(OK_LINE "Transfer-Encoding: gzip, CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
     false, GOOD, 200, true, BYTES("hi"), 0},
    {"coded, then chunked, in two fields",
     BYTES(OK_LINE "Transfer-Encoding: gzip\r\n" CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n"), false, GOOD, 200, true,
     BYTES("hi"), 0},
    {"gaps in the list of codings",
     BYTES(OK_LINE "Transfer-Encoding: , chunked,\t,\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), false, GOOD, 200, true,
     BYTES("hi"), 0},
    {"chunked, but not last", BYTES(OK_LINE "Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nhi"), false, GOOD,
     200, false, BYTES("2\r\nhi"), 0},
    {"coded without chunks, length ignored",
     BYTES(OK_LINE "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nhi"), false, GOOD, 200, false,
     BYTES("hi"), 0},
    {"chunked twice", BYTES(OK_LINE "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), false, BAD, 200,
     false, BYTES(""), 0},
    {"chunked with a parameter", BYTES(OK_LINE "Transfer-Encoding: chunked ;q=1\r\n\r\n0\r\n\r\n"), false,
     BAD, 200, false, BYTES(""), 0},
    {"identity is nothing", BYTES(OK_LINE "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi"),
     false, GOOD, 200, true, BYTES("hi"), 0},
    {"a coding that only begins like chunked", BYTES(OK_LINE "Transfer-Encoding: chunkedx\r\n\r\nhi"), false,
     GOOD, 200, false, BYTES("hi"), 0},
    {"a field that only ends like one of ours",
     BYTES(OK_LINE "XContent-Length: 9\r\nContent-Length: 2\r\n\r\nhi"), false, GOOD, 200, true, BYTES("hi"),
     0},
    {"a field as long as one of ours", BYTES(OK_LINE "Content-Languag: 9\r\nContent-Length: 2\r\n\r\nhi"),
     false, GOOD, 200, true, BYTES("hi"), 0},
    /* Keeping the connection */
    {"close", BYTES(OK_LINE "Connection: close\r\nContent-Length: 2\r\n\r\nhi"), false, GOOD, 200, false,
     BYTES("hi"), 0},
    {"close in a list", BYTES(OK_LINE "Connection: te, Close , x\r\nContent-Length: 2\r\n\r\nhi"), false,
     GOOD, 200, false, BYTES("hi"), 0},
    {"close beats keep-alive",
     BYTES(OK_LINE "Connection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"), false, GOOD,
     200, false, BYTES(""), 0},
    {"an option that only holds the word", BYTES(OK_LINE "Connection: closed\r\nContent-Length: 2\r\n\r\nhi"),
     false, GOOD, 200, true, BYTES("hi"), 0},
    {"HTTP/1.0", BYTES("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), false, GOOD, 200, false,
     BYTES("hi"), 0},
    {"HTTP/1.0 kept alive", BYTES("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi"),
     false, GOOD, 200, true, BYTES("hi"), 0},
    {"HTTP/1.0 with chunks",
     BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CHUNKED "\r\n2\r\nhi\r\n0\r\n\r\n"), false, GOOD,
     200, false, BYTES("hi"), 0},
    /* Interim responses */
    {"100 first", BYTES("HTTP/1.1 100 Continue\r\n\r\n" OK_LINE "Content-Length: 2\r\n\r\nhi"), false, GOOD,
     200, true, BYTES("hi"), 0},
    {"two 103, their fields without effect",
     BYTES(
         "HTTP/1.1 103 Early\r\nContent-Length: 9\r\nConnection: close\r\n\r\nHTTP/1.0 103 Early\r\n" CHUNKED
         "\r\n" OK_LINE "Content-Length: 2\r\n\r\nhi"),
     false, GOOD, 200, true, BYTES("hi"), 0},
    {"100 and no more", BYTES("HTTP/1.1 100 Continue\r\n\r\n"), false, PP_ERROR_EMPTY_REPLY, 0, false,
     BYTES(""), 0},
    {"100 cut short", BYTES("HTTP/1.1 100 Continue\r\nA: b\r\n"), false, PP_ERROR_EMPTY_REPLY, 0, false,
     BYTES(""), 0},
    {"101", BYTES("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), false, BAD, 101, false,
     BYTES(""), 0},
    {"fold in a 100", BYTES("HTTP/1.1 100 Continue\r\n a\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    /* Status lines */
    {"no reason", BYTES("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), false, GOOD, 200, true, BYTES(""), 0},
    {"empty reason", BYTES("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), false, GOOD, 200, true, BYTES(""),
     0},
    {"any reason", BYTES("HTTP/1.1 503 \xc3\x9c" TWO_HUNDRED_X TWO_HUNDRED_X "\r\nContent-Length: 0\r\n\r\n"),
     false, GOOD, 503, true, BYTES(""), 0},
    {"HTTP/1.9", BYTES("HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n"), false, GOOD, 200, true, BYTES(""), 0},
    {"status 999", BYTES("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), false, GOOD, 999, true, BYTES(""),
     0},
    {"status 099", BYTES("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"), false, BAD, 0, false, BYTES(""),
     0},
    {"status of two digits", BYTES("HTTP/1.1 20 OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"status of four digits", BYTES("HTTP/1.1 2000 OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"status of letters", BYTES("HTTP/1.1 abc OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"two blanks", BYTES("HTTP/1.1  200 OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"HTTP/2", BYTES("HTTP/2 200 OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"HTTP/1.10", BYTES("HTTP/1.10 200 OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"lower case", BYTES("http/1.1 200 OK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"empty line first", BYTES("\r\n" OK_LINE "Content-Length: 0\r\n\r\n"), false, BAD, 0, false, BYTES(""),
     0},
    {"binary without a line end", BYTES("\x16\x03\x01\x02\x00"), false, BAD, 0, false, BYTES(""), 0},
    {"only NULs", BYTES("\0\0\0\0"), false, BAD, 0, false, BYTES(""), 0},
    {"cut in the status line", BYTES("HTTP/1."), false, CUT, 0, false, BYTES(""), 0},
    {"cut after the status line", BYTES(OK_LINE), false, CUT, 200, false, BYTES(""), 0},
    {"cut in a field", BYTES(OK_LINE "Conte"), false, CUT, 200, false, BYTES(""), 0},
    {"nothing at all", BYTES(""), false, PP_ERROR_EMPTY_REPLY, 0, false, BYTES(""), 0},
    /* Lines */
    {"bare LF", BYTES("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"), false, GOOD, 200, true, BYTES("hello"),
     0},
    {"CR within a field", BYTES(OK_LINE "A: b\rc\r\nContent-Length: 0\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"two CR before LF", BYTES(OK_LINE "A: b\r\r\nContent-Length: 0\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"CR as a line", BYTES(OK_LINE "\r\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"CR in the reason", BYTES("HTTP/1.1 200 O\rK\r\n\r\n"), false, BAD, 0, false, BYTES(""), 0},
    {"NUL in a value", BYTES(OK_LINE "A: b\0c\r\nContent-Length: 0\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"NUL far out in a long value",
     BYTES(OK_LINE "A: " TWO_HUNDRED_X TWO_HUNDRED_X "\0\r\nContent-Length: 0\r\n\r\n"), false, BAD, 200,
     false, BYTES(""), 0},
    {"folded line", BYTES(OK_LINE "A: b\r\n c\r\nContent-Length: 0\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"blank before the colon", BYTES(OK_LINE "Content-Length : 5\r\n\r\nhello"), false, BAD, 200, false,
     BYTES(""), 0},
    {"no colon", BYTES(OK_LINE "junk\r\n\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"no name", BYTES(OK_LINE ": x\r\n\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"name that is no token", BYTES(OK_LINE "A@B: x\r\n\r\n"), false, BAD, 200, false, BYTES(""), 0},
    {"name of every token byte", BYTES(OK_LINE "!#$%&'*+-.^_`|~09azAZ: x\r\nContent-Length: 0\r\n\r\n"),
     false, GOOD, 200, true, BYTES(""), 0},
    {"value of any other bytes", BYTES(OK_LINE "A: \x01\x7f\xff:\t\r\nContent-Length: 0\r\n\r\n"), false,
     GOOD, 200, true, BYTES(""), 0},
    {"field longer than what is kept",
     BYTES(OK_LINE "A: " TWO_HUNDRED_X TWO_HUNDRED_X "\r\nContent-Length: 0\r\n\r\n"), false, GOOD, 200, true,
     BYTES(""), 0},
    {"name longer than what is kept",
     BYTES(OK_LINE TWO_HUNDRED_X TWO_HUNDRED_X ": x\r\nContent-Length: 0\r\n\r\n"), false, BAD, 200, false,
     BYTES(""), 0},
    {"framing field longer than what is kept",
     BYTES(OK_LINE "Connection: " TWO_HUNDRED_X "," TWO_HUNDRED_X "\r\nContent-Length: 0\r\n\r\n"), false,
     BAD, 200, false, BYTES(""), 0},
};

#define H1_CASES (sizeof h1_cases / sizeof *h1_cases)

#endif
