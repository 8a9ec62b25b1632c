import type { Recognizer, Span } from './recognizer.ts';

/**
 * Prefixes that issuers put before their keys, each with what follows: an open end is never given back, and what is
 * shorter than a key costs no more than its length, so the time stays in proportion to the text.
 */
const prefixed = [
  'sk-[\\w-]{16,}', // OpenAI, Anthropic, OpenRouter and others
  '[srp]k_(?:live|test)_[A-Za-z0-9]{16,}', // Stripe
  'gh[opsur]_[A-Za-z0-9]{30,}', // GitHub
  'github_pat_\\w{22,}',
  'glpat-[\\w-]{20,}', // GitLab
  'xox[abeoprs]-[A-Za-z0-9-]{10,}', // Slack
  'xapp-[A-Za-z0-9-]{10,}',
  '(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])', // AWS
  'AIza[\\w-]{35}(?![\\w-])', // Google
  'ya29\\.[\\w-]{20,}',
  'hf_[A-Za-z0-9]{30,}', // Hugging Face
  'npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])',
  'pypi-[\\w-]{40,}',
  'gsk_[A-Za-z0-9]{30,}', // Groq
  'xai-[A-Za-z0-9]{30,}',
  'r8_[A-Za-z0-9]{30,}', // Replicate
  'SG\\.[\\w-]{16,32}\\.[\\w-]{32,64}', // SendGrid
  'dop_v1_[a-f0-9]{64}', // DigitalOcean
  'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}', // Shopify
];

const prefixedKey = new RegExp(`(?<![A-Za-z0-9])(?:${prefixed.join('|')})`, 'g');
const webToken = /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g;
const pemMarker = /-----(BEGIN|END) (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----/g;

/** What may stand in the body of a PEM key whose end is missing. */
const pemBody = /[A-Za-z0-9+/=\s]*/y;

/** Keys of well-known issuers, JSON web tokens, and private keys in PEM. */
export const keys: Recognizer = {
  kind: 'KEY',
  *find(text) {
    let from = 0;
    for (const span of merge([...findPem(text)], [...findWords(text)])) {
      if (span[0] < from) continue;
      yield span;
      from = span[1];
    }
  },
};

function* findWords(text: string): Generator<Span> {
  const found: Span[] = [];
  for (const match of text.matchAll(prefixedKey)) {
    // Words joined by hyphens may begin like a key.
    if (!/^[a-z_-]+$/.test(match[0])) found.push([match.index, match.index + match[0].length]);
  }
  const tokens: Span[] = [...text.matchAll(webToken)].map((match) => [match.index, match.index + match[0].length]);
  yield* merge(tokens, found);
}

/** From each BEGIN to the next END; without one, as far as the text looks like a key. */
function* findPem(text: string): Generator<Span> {
  let begin: RegExpExecArray | undefined;
  for (const match of text.matchAll(pemMarker)) {
    if (match[1] === 'BEGIN') begin ??= match;
    else if (begin) {
      yield [begin.index, match.index + match[0].length];
      begin = undefined;
    }
  }
  if (!begin) return;
  pemBody.lastIndex = begin.index + begin[0].length;
  const body = (pemBody.exec(text)?.[0] ?? '').trimEnd();
  yield [begin.index, begin.index + begin[0].length + body.length];
}

/** Both lists in the order of their starts; the first list's goes first where two begin alike. */
function merge(first: readonly Span[], second: readonly Span[]): Span[] {
  return [...first, ...second].sort((left, right) => left[0] - right[0]);
}
