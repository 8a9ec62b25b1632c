/**
 * Texts for what can be wrong in YAML itself. They are ours because the parser's own texts quote the file,
 * and the file may hold a key in the wrong place.
 */
const texts: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'is not a YAML alias; put text that begins with * in quotes',
  BAD_COLLECTION_TYPE: 'has a YAML tag that does not fit it; leave the tag out',
  BAD_DIRECTIVE: 'is not a YAML directive; put text that begins with % in quotes',
  BAD_DQ_ESCAPE: 'has an unknown escape after \\; double the backslash, or use single quotes',
  BAD_INDENT: 'is not indented as what it belongs to; indent fields of one mapping by the same number of spaces',
  BAD_PROP_ORDER: 'has a YAML anchor or tag in the wrong place; leave it out',
  BAD_SCALAR_START: 'begins with a character that YAML reserves; put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'has a second ": " in one line; put the text in quotes, or begin a new line',
  BLOCK_IN_FLOW: 'has an indented block inside [ ] or { }; write it in one form',
  KEY_OVER_1024_CHARS: 'has a key of more than 1024 characters',
  MISSING_CHAR: 'lacks a closing quote, a bracket, a comma, or a space or colon after a key',
  MULTILINE_IMPLICIT_KEY: 'has a key that runs over several lines; is a colon missing?',
  MULTIPLE_ANCHORS: 'has two YAML anchors; keep one',
  MULTIPLE_DOCS: 'begins a second YAML document; one file is one document, so leave out ---',
  MULTIPLE_TAGS: 'has two YAML tags; keep one',
  NON_STRING_KEY: 'has a key that is no text; put it in quotes',
  RESOURCE_EXHAUSTION: 'is nested too deep or too large',
  TAB_AS_INDENT: 'is indented with a tab; YAML wants spaces',
  TAG_RESOLVE_FAILED: 'has a YAML tag that is not known; put text that begins with ! in quotes',
  UNEXPECTED_TOKEN: 'is not valid here; look for a stray character, or text that needs quotes',
};

/** What is wrong and what to do about it, for an error code of the YAML parser. Never quotes the file. */
export function yamlErrorText(code: string): string {
  return `YAML syntax error: ${texts[code] ?? 'is not valid YAML'}`;
}
