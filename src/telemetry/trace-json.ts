import type { SpanOrigin, SpanValue } from './finished-span.ts';

/** What OTLP's JSON is put together from here. All of it is ASCII, so that a character is a byte. */

const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all that is no ASCII
const beyondAscii = /[^\x00-\x7f]/g;

/** A text as JSON. */
export function quoteAscii(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(beyondAscii, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** An attribute of a span or a resource. */
export function attribute(name: string, value: SpanValue): string {
  return `{"key":${quoteAscii(name)},"value":${anyValue(value)}}`;
}

function anyValue(value: SpanValue): string {
  if (typeof value === 'string') return `{"stringValue":${quoteAscii(value)}}`;
  if (typeof value === 'boolean') return `{"boolValue":${value}}`;
  return Number.isInteger(value) ? `{"intValue":${value}}` : `{"doubleValue":${value}}`;
}

/** What stands before the spans of a request to the receiver, and behind them. */
export function requestFrame({ resource, instrumentationScope }: SpanOrigin): { readonly head: string; tail: string } {
  const attributes = Object.entries(resource.attributes).map(([name, value]) => attribute(name, value));
  const { name, version } = instrumentationScope;
  const about = `{"attributes":[${attributes.join(',')}],"droppedAttributesCount":0}`;
  const scope = `{"name":${quoteAscii(name)},"version":${quoteAscii(version)}}`;
  return { head: `{"resourceSpans":[{"resource":${about},"scopeSpans":[{"scope":${scope},"spans":[`, tail: ']}]}]}' };
}

const threeDigits = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
let lastSecond = -1;
let lastSecondText = '';

/** Milliseconds since 1970 as nanoseconds; most of it is the same for all the spans of a second. */
export function nanoseconds(milliseconds: number): string {
  let second = Math.floor(milliseconds / 1000);
  let rest = Math.round((milliseconds - second * 1000) * 1e6);
  if (rest >= 1e9) {
    second++;
    rest -= 1e9;
  }
  if (second !== lastSecond) {
    lastSecond = second;
    lastSecondText = String(second);
  }
  const thousands = Math.floor(rest / 1000);
  const micro = thousands % 1000;
  return `${lastSecondText}${threeDigits[(thousands - micro) / 1000]}${threeDigits[micro]}${threeDigits[rest % 1000]}`;
}
