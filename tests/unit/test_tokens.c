/*
 * The file of bearer tokens: what it may hold, what is said when it does not, and which tokens it
 * knows.
 */
#include "http/auth/tokens.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "0123456789abcdef"

static char path[64];
static struct sl_error failure;
static const char *const message = failure.message;

static struct sl_tokens *read_file(const char *name) {
  failure = SL_NO_ERROR;
  return sl_tokens_read(name, &failure);
}

static void write_file(const char *text, size_t length) {
  strcpy(path, "/tmp/spikelossd_test_XXXXXX");
  int descriptor = mkstemp(path);
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(write(descriptor, text, length), (ssize_t)length);
  close(descriptor);
}

static struct sl_tokens *read_bytes(const char *text, size_t length) {
  write_file(text, length);
  struct sl_tokens *tokens = read_file(path);
  unlink(path);
  return tokens;
}

static struct sl_tokens *good(const char *text) {
  struct sl_tokens *tokens = read_bytes(text, strlen(text));
  ck_assert_msg(tokens != NULL, "%s", message);
  return tokens;
}

static void assert_refused(const char *text, size_t length, int line, const char *words) {
  char location[80];
  ck_assert_ptr_null(read_bytes(text, length));
  snprintf(location, sizeof location, line > 0 ? "%s:%d: " : "%s: ", path, line);
  ck_assert_msg(strncmp(message, location, strlen(location)) == 0,
                "\"%s\" does not begin with \"%s\"", message, location);
  ck_assert_msg(strstr(message, words) != NULL, "\"%s\" does not say \"%s\"", message, words);
  ck_assert_msg(strstr(message, SECRET) == NULL, "\"%s\" tells a token", message);
}

START_TEST(a_token_is_known_by_its_name) {
  struct sl_tokens *tokens = good("alice " SECRET "1\nbob " SECRET "2\ncarol " SECRET "3\n");
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "1"), "alice");
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "2"), "bob");
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "3"), "carol");
  sl_tokens_free(tokens);
}
END_TEST

START_TEST(whatever_is_not_exactly_a_token_is_unknown) {
  struct sl_tokens *tokens = good("alice " SECRET "Q==\n");
  static const char *const wrong[] = {"",
                                      "alice",
                                      SECRET,
                                      SECRET "Q",
                                      SECRET "Q=",
                                      SECRET "Q===",
                                      SECRET "q==",
                                      " " SECRET "Q==",
                                      SECRET "Q== ",
                                      "1123456789abcdefQ=="};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ck_assert_msg(sl_tokens_find(tokens, wrong[i]) == NULL, "\"%s\" is known", wrong[i]);
  }
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "Q=="), "alice");
  sl_tokens_free(tokens);
}
END_TEST

START_TEST(one_bearer_may_have_several_tokens) {
  struct sl_tokens *tokens = good("alice " SECRET "old\nalice " SECRET "new\n");
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "old"), "alice");
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "new"), "alice");
  sl_tokens_free(tokens);
}
END_TEST

START_TEST(comments_blanks_and_windows_line_ends_are_fine) {
  struct sl_tokens *tokens = good("# who may come in\n\n  \t\n \talice\t \t" SECRET "1 \r\n"
                                  "  # not bob\r\n#bob " SECRET "2\ncarol " SECRET "3\n");
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "1"), "alice");
  ck_assert_ptr_null(sl_tokens_find(tokens, SECRET "2"));
  ck_assert_str_eq(sl_tokens_find(tokens, SECRET "3"), "carol");
  sl_tokens_free(tokens);
}
END_TEST

/* `count` times the same letter, after `start`. */
static const char *repeat(const char *start, char letter, size_t count, const char *end) {
  static char text[2048];
  size_t length = strlen(start);
  strcpy(text, start);
  memset(text + length, letter, count);
  strcpy(text + length + count, end);
  return text;
}

START_TEST(names_and_tokens_have_bounds) {
  sl_tokens_free(good(repeat("a ", 'x', 16, "\n")));
  sl_tokens_free(good(repeat("a ", 'x', 512, "\n")));
  sl_tokens_free(good(repeat("", 'n', 64, " " SECRET "\n")));
  const char *text = repeat("a ", 'x', 15, "\n");
  assert_refused(text, strlen(text), 1, "16 to 512 characters");
  text = repeat("a ", 'x', 513, "\n");
  assert_refused(text, strlen(text), 1, "16 to 512 characters");
  text = repeat("", 'n', 65, " " SECRET "\n");
  assert_refused(text, strlen(text), 1, "1 to 64 letters");
}
END_TEST

/* Files with one mistake each, on the line that must be named (0: in no line). */
static const struct {
  const char *text;
  int line;
  const char *words;
} mistakes[] = {
    {"", 0, "there is no token"},
    {"# nothing\n\n", 0, "there is no token"},
    {SECRET "\n", 1, "expected a name and a token"},
    {"alice " SECRET "\n\nbob\n", 3, "expected a name and a token"},
    {"# x\nalice " SECRET " # mine\n", 2, "expected a name and a token"},
    {"alice bob " SECRET "\n", 1, "expected a name and a token"},
    {"al:ice " SECRET "\n", 1, "the name must have"},
    {"alice " SECRET "\ncarl\xC3\xA9 " SECRET "2\n", 2, "the name must have"},
    {"alice " SECRET "\"\n", 1, "the token must have only"},
    {"alice " SECRET "=a\n", 1, "the token must have only"},
    {"alice " SECRET ",\n", 1, "the token must have only"},
    {"alice ================\n", 1, "the token must have only"},
    {"alice " SECRET "\nbob " SECRET "x\ncarol " SECRET "\n", 3, "is in the file twice"},
    {"alice " SECRET "\nbob " SECRET "22", 2, "the last line has no line end"},
    {"alice " SECRET "\n# bob", 2, "replace the file by rename"},
    {"\xEF\xBB\xBF"
     "alice " SECRET "\n",
     1, "byte order mark"},
};

START_TEST(what_is_wrong_is_said_with_its_line_and_without_the_token) {
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    assert_refused(mistakes[i].text, strlen(mistakes[i].text), mistakes[i].line, mistakes[i].words);
  }
  static const char nul[] = "alice " SECRET "1\nbob " SECRET "2\0\n";
  assert_refused(nul, sizeof nul - 1, 2, "NUL");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named) {
  ck_assert_ptr_null(read_file("/tmp/no/such/tokens"));
  ck_assert_str_eq(message,
                   "token_file: cannot read /tmp/no/such/tokens: No such file or directory");
  ck_assert_ptr_null(read_file("/tmp"));
  ck_assert_ptr_nonnull(strstr(message, "cannot read /tmp: not a regular file"));
}
END_TEST

START_TEST(a_fifo_or_device_is_refused_without_waiting) {
  write_file("", 0);
  unlink(path);
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_ptr_null(read_file(path));
  unlink(path);
  ck_assert_ptr_nonnull(strstr(message, "not a regular file"));
  ck_assert_ptr_null(read_file("/dev/zero"));
  ck_assert_ptr_nonnull(strstr(message, "not a regular file"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tokens");
  TCase *tokens = tcase_create("tokens");
  tcase_add_test(tokens, a_token_is_known_by_its_name);
  tcase_add_test(tokens, whatever_is_not_exactly_a_token_is_unknown);
  tcase_add_test(tokens, one_bearer_may_have_several_tokens);
  tcase_add_test(tokens, comments_blanks_and_windows_line_ends_are_fine);
  tcase_add_test(tokens, names_and_tokens_have_bounds);
  tcase_add_test(tokens, what_is_wrong_is_said_with_its_line_and_without_the_token);
  tcase_add_test(tokens, a_file_that_cannot_be_read_is_named);
  tcase_add_test(tokens, a_fifo_or_device_is_refused_without_waiting);
  suite_add_tcase(suite, tokens);
  return suite_end(suite);
}
