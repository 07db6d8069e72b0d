/*
 * Text members at the top of a JSON object, without reading the rest: cniVersion and socket are all the plugin needs
 * to know by itself. Whether the whole is JSON is for the agent to say.
 */
#ifndef TORTIE_CNI_JSON_MEMBERS_H
#define TORTIE_CNI_JSON_MEMBERS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { const uint8_t *at; size_t length; } Slice;

static bool same_text(Slice slice, const char *text) {
  size_t i = 0;
  for (; i < slice.length; i++) if (text[i] == 0 || slice.at[i] != (uint8_t)text[i]) return false;
  return text[i] == 0;
}

/* The text that begins behind a quote, up to its closing quote; escapes stay as they are. `at` moves behind it. */
static Slice json_text(Slice json, size_t *at) {
  size_t start = *at;
  for (; *at < json.length && json.at[*at] != '"'; ++*at) if (json.at[*at] == '\\') ++*at;
  size_t end = *at < json.length ? *at : json.length;
  *at = end + 1;
  return (Slice){ json.at + start, end - start };
}

/* The member's text; length 0 where it is absent or no text. */
static Slice json_member(Slice json, const char *name) {
  int depth = 0;
  bool in_value = false, wanted = false;
  for (size_t at = 0; at < json.length;) {
    switch (json.at[at++]) {
      case '{': case '[': depth++; break;
      case '}': case ']': depth--; break;
      case ',': if (depth == 1) in_value = wanted = false; break;
      case ':': if (depth == 1) in_value = true; break;
      case '"': {
        Slice text = json_text(json, &at);
        if (depth != 1) break;
        if (!in_value) wanted = same_text(text, name);
        else if (wanted) return text;
      }
    }
  }
  return (Slice){ NULL, 0 };
}

/* Whether the first octet that is no space opens an object. */
static bool json_is_object(Slice json) {
  for (size_t at = 0; at < json.length; at++) {
    uint8_t octet = json.at[at];
    if (octet != ' ' && octet != '\n' && octet != '\r' && octet != '\t') return octet == '{';
  }
  return false;
}
#endif
