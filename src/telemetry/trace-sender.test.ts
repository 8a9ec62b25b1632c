import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startOtlpReceiver } from '../../test/harness/otlp-receiver.ts';
import { countSpans, writeSpan } from './call-spans.ts';
import { JsonWriter } from './json-writer.ts';
import { ObservedCall } from './observed-call.ts';
import { SpanBatches } from './span-batches.ts';
import { CallTrace } from './trace-context.ts';
import { requestFrame, writeNanoseconds } from './trace-json.ts';
import { type SpanExporter, TraceSender } from './trace-sender.ts';

const origin = {
  resource: { attributes: { 'service.name': 'ours "é"', 'process.pid': 5 } },
  instrumentationScope: { name: 'headrace', version: '1.2.3' },
};
const quiet = { failed: () => undefined, recovered: () => undefined };
const limits = { scheduledDelayMs: 10, maximumQueue: 100, batchSize: 50, exportTimeoutMs: 5000 };
const noHeaders = { headers: () => ({}) };

/** A call of two tries, of which the first one failed. */
function makeCall(model: string, state: string | undefined, parent: boolean): ObservedCall {
  const from = parent
    ? { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true }
    : undefined;
  const trace = new CallTrace(from?.traceId ?? '4bf92f3577b34da6a3ce929d0e0e4736', from, state);
  const request = {
    id: 'an id',
    method: 'POST',
    path: '/v1/chat/completions',
    body: Buffer.from('{}'),
    receivedAt: 1.5,
  };
  const call = new ObservedCall({ ...request, ...noHeaders }, { keepBytes: 512, trace, ended: () => undefined });
  const target = { backend: 'b', type: 'openai', baseUrl: 'https://[::1]/v1', model };
  const sent = { url: 'https://[::1]/v1', headers: [], body: request.body, hidden: new Set<string>(), credential: [] };
  call.attempt(target, []).failed('upstream_error');
  const wire = call.attempt(target, []).sent(sent);
  wire.head(200, {});
  wire.data(Buffer.from('{"model":"m-1","choices":[]}'));
  wire.closed();
  call.ended({
    id: 'an id',
    protocol: 'chat-completions',
    caller: 'someone',
    asked: model,
    backend: 'b',
    model,
    stream: false,
    status: 200,
    outcome: 'complete',
    code: undefined,
    error: undefined,
    attempts: 2,
    clientRetries: undefined,
    usage: { promptTokens: 3, completionTokens: 0, cachedTokens: undefined, reasoningTokens: undefined },
    firstByteMs: 1,
    totalMs: 2,
  } as Parameters<ObservedCall['ended']>[0]);
  return call;
}

/** Sends the spans of a call through an exporter. Returns what arrives, without what says nothing. */
async function send(call: ObservedCall, wrap: (exporter: SpanExporter) => SpanExporter): Promise<object> {
  const receiver = await startOtlpReceiver();
  const exporter = wrap(new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` }) as unknown as SpanExporter);
  const batches = new SpanBatches(new TraceSender(exporter, origin), {
    ...limits,
    ...quiet,
    frame: requestFrame(origin),
  });
  batches.add(countSpans(call), (index, writer) => writeSpan(call, index, 1_800_000_000_000, writer));
  await batches.close();
  const isEmpty = (name: string, value: unknown) =>
    (name.startsWith('dropped') && value === 0) || (Array.isArray(value) && value.length === 0);
  return JSON.parse(receiver.posts[0]?.text ?? '', (name, value) => (isEmpty(name, value) ? undefined : value));
}

/** As an exporter of another version may be: nothing of it is known but its interface. */
const onlyInterface = (exporter: SpanExporter): SpanExporter => ({
  export: (spans, done) => exporter.export(spans, done),
  shutdown: () => exporter.shutdown(),
});

describe('batches of spans', () => {
  it.each<[string, string | undefined, boolean]>([
    ['gpt-4o', undefined, false],
    ['ein "Modell" für\n漢字 🎉 \\', 'vendor=1,other="é"', true],
    ['lone \ud800 surrogate', undefined, true],
  ])('arrive as the exporter itself writes them: %s', async (model, state, parent) => {
    const call = makeCall(model, state, parent);
    expect(countSpans(call)).toBe(3);
    const own = await send(call, (exporter) => exporter);
    const theirs = await send(call, onlyInterface);
    expect(own).toEqual(theirs);
    expect(JSON.stringify(own)).toContain('"parentSpanId"');
  });

  it('are lost, and hurt nobody, where an exporter throws', async () => {
    const said: unknown[] = [];
    const broken: SpanExporter = {
      export: () => {
        throw new Error('broken');
      },
      shutdown: async () => undefined,
    };
    const told = { failed: (why: string) => said.push(why), recovered: (lost: number) => said.push(lost) };
    const batches = new SpanBatches(new TraceSender(broken, origin), {
      ...limits,
      ...told,
      frame: requestFrame(origin),
    });
    const call = makeCall('m', undefined, false);
    batches.add(3, (index, writer) => writeSpan(call, index, 0, writer));
    await batches.close();
    expect(said).toEqual(['broken']);
  });

  it('hold no more spans than allowed, and none is sent twice or lost below the limit', async () => {
    const batches: string[][] = [];
    const said: unknown[] = [];
    const sender = {
      send: async (batch: Buffer) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        batches.push(JSON.parse(batch.toString()).resourceSpans[0].scopeSpans[0].spans);
        return { code: 0 };
      },
      shutdown: async () => undefined,
    };
    const told = { failed: (why: string) => said.push(why), recovered: (lost: number) => said.push(lost) };
    const options = { ...limits, batchSize: 7, maximumQueue: 20, ...told, frame: requestFrame(origin) };
    const spans = new SpanBatches(sender, options);
    const span = (i: number, index: number) => `${i} ${index} ${'x'.repeat(index * 50_000)}`;
    for (let i = 0; i < 12; i++) spans.add(3, (index, writer) => writer.quoted(span(i, index)));
    await spans.close();
    const all = batches.flat();
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(7);
    expect(new Set(all).size).toBe(all.length);
    const lost = said.filter((one) => typeof one === 'number').reduce((sum, one) => sum + one, 0);
    expect(all.length + lost).toBe(36);
    expect(lost).toBeGreaterThan(0);
  });

  it('keep their bytes where sending failed, since a slow connection may still be taking them', async () => {
    const taken: { readonly batch: Buffer; readonly text: string }[] = [];
    const sender = {
      send: async (batch: Buffer) => {
        taken.push({ batch, text: batch.toString() });
        return { code: taken.length % 2 };
      },
      shutdown: async () => undefined,
    };
    const spans = new SpanBatches(sender, { ...limits, batchSize: 2, ...quiet, frame: requestFrame(origin) });
    for (let i = 0; i < 10; i++) {
      spans.add(2, (index, writer) => writer.quoted(`span ${i} ${index}`));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await spans.close();
    expect(taken).toHaveLength(10);
    const failed = taken.filter((_, index) => index % 2 === 0);
    for (const { batch, text } of failed) expect(batch.toString()).toBe(text);
    const buffers = new Set(taken.map(({ batch }) => batch.buffer));
    expect(buffers.size).toBeLessThan(10); // the others are filled again
  });
});

it('times are exact', () => {
  const writer = new JsonWriter();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 99_999 }), (whole, part) => {
      const time = whole + part / 100_000;
      const exact = BigInt(whole) * 1_000_000n + BigInt(part) * 10n;
      writer.begin({ memory: Buffer.alloc(64), used: 0 });
      writeNanoseconds(time, writer);
      const difference = BigInt(writer.end().toString()) - exact;
      // A number of milliseconds since 1970 is precise to about a quarter of a microsecond.
      expect(difference > -500n && difference < 500n).toBe(true);
    }),
  );
});
