import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';

/** A span as it arrived, with its attributes by name. */
export interface ReceivedSpan {
  readonly name: string;
  /** 2: server, 3: client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` takes. */
  readonly url: string;
  /** Everything that was posted, as text. */
  readonly posts: readonly { readonly path: string; readonly headers: object; readonly text: string }[];
  /** The spans, when there are so many. */
  spans(count: number): Promise<readonly ReceivedSpan[]>;
  /** Answers everything with this status from now on. */
  answerWith(status: number): void;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as it arrived
type Json = any;

/** Receives OTLP over HTTP with JSON; ends with the test. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const posts: { path: string; headers: object; text: string }[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    request.on('end', () => {
      posts.push({ path: request.url ?? '', headers: request.headers, text });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const all = () => posts.flatMap(({ text }) => readSpans(JSON.parse(text)));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    spans: async (count) => {
      await expect.poll(() => all().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
      return all();
    },
    answerWith: (next) => {
      status = next;
    },
  };
}

function readSpans(body: Json): ReceivedSpan[] {
  return body.resourceSpans.flatMap((group: Json) =>
    group.scopeSpans.flatMap((scope: Json) =>
      scope.spans.map((span: Json) => ({
        ...span,
        attributes: readAttributes(span.attributes),
        resource: readAttributes(group.resource.attributes),
      })),
    ),
  );
}

function readAttributes(list: Json): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }: Json) => [key, Object.values(value)[0]]));
}
