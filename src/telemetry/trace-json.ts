import type { SpanOrigin, SpanValue } from './finished-span.ts';
import type { JsonWriter } from './json-writer.ts';

/** An attribute of a span or a resource. */
export function attribute(name: string, value: SpanValue): string {
  return `{"key":${JSON.stringify(name)},"value":${anyValue(value)}}`;
}

function anyValue(value: SpanValue): string {
  if (typeof value === 'string') return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === 'boolean') return `{"boolValue":${value}}`;
  return Number.isInteger(value) ? `{"intValue":${value}}` : `{"doubleValue":${value}}`;
}

/** What stands before the spans of a request to the receiver, and behind them. */
export function requestFrame({ resource, instrumentationScope }: SpanOrigin): { readonly head: string; tail: string } {
  const attributes = Object.entries(resource.attributes).map(([name, value]) => attribute(name, value));
  const { name, version } = instrumentationScope;
  const about = `{"attributes":[${attributes.join(',')}],"droppedAttributesCount":0}`;
  const scope = `{"name":${JSON.stringify(name)},"version":${JSON.stringify(version)}}`;
  return { head: `{"resourceSpans":[{"resource":${about},"scopeSpans":[{"scope":${scope},"spans":[`, tail: ']}]}]}' };
}

const threeDigits = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
let lastSecond = -1;
let lastSecondText = '';

/** Writes milliseconds since 1970 as nanoseconds; most of it is the same for all the spans of a second. */
export function writeNanoseconds(milliseconds: number, writer: JsonWriter): void {
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
  writer.text(lastSecondText);
  writer.text(threeDigits[(thousands - micro) / 1000] as string);
  writer.text(threeDigits[micro] as string);
  writer.text(threeDigits[rest % 1000] as string);
}
