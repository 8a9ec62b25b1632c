import { Client, type Dispatcher } from 'undici';
import { version } from '../../version.ts';
import { type CheckedTarget, checkedLookup, checkTarget } from './checked-target.ts';
import { contentKind, decodeText, mediaType } from './decode-text.ts';
import { extractText } from './extract-text.ts';
import { type NotFetched, type Page, PageFailure } from './page.ts';
import type { PagePolicy } from './page-policy.ts';
import { readBody } from './read-body.ts';

/** All that a server learns from the request, beside its own address and path. */
const requestHeaders = {
  accept: 'text/html, application/xhtml+xml, application/json;q=0.9, text/*;q=0.9, */*;q=0.1',
  'accept-encoding': 'identity',
  'user-agent': `headrace/${version}`,
};

/**
 * Fetches one page for a model to read. The URL comes from a stranger, so each hop is checked anew: scheme, port, and
 * that every address of its host is public or excepted by the policy; the connection goes to the checked addresses
 * and never through a proxy. Nothing that identifies anybody is sent.
 * @param signal of the request it is for; when it is aborted, the promise is rejected with its reason
 * @returns the page, or why there is none; network and server can't make it throw
 */
export async function fetchPage(address: string, policy: PagePolicy, signal: AbortSignal): Promise<Page | NotFetched> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), policy.timeoutMs);
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    return await withinTime(followRedirects(address, policy, either), either);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted) {
      return notFetched(address, new PageFailure('timeout', `it took longer than ${policy.timeoutMs / 1000} seconds`));
    }
    if (error instanceof PageFailure) return notFetched(address, error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function notFetched(url: string, { reason, message }: PageFailure): NotFetched {
  return { fetched: false, url, reason, message };
}

/** A look-up by the system can't be cancelled, but it need not be waited for. */
function withinTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

async function followRedirects(address: string, policy: PagePolicy, signal: AbortSignal): Promise<Page> {
  let next = address;
  for (let hop = 0; hop <= policy.maximumRedirects; hop += 1) {
    const target = await checkTarget(next, policy);
    signal.throwIfAborted();
    const outcome = await visit(target, policy, signal);
    if (typeof outcome !== 'string') return outcome;
    next = outcome;
  }
  throw new PageFailure('redirects', `it was redirected more than ${policy.maximumRedirects} times`);
}

/** One request over a connection of its own. Gives the page, or the address of a redirect. */
async function visit(target: CheckedTarget, policy: PagePolicy, signal: AbortSignal): Promise<Page | string> {
  const client = new Client(target.url.origin, {
    connect: { lookup: checkedLookup(target), autoSelectFamily: true, timeout: policy.timeoutMs, allowH2: false },
    pipelining: 1,
    headersTimeout: 0, // the signal is the one clock
    bodyTimeout: 0,
  });
  try {
    const path = target.url.pathname + target.url.search;
    const response = await client
      .request({ path, method: 'GET', headers: requestHeaders, signal })
      .catch((error: unknown) => {
        throw new PageFailure('connection', `${target.url.host} could not be reached`, error);
      });
    return await readResponse(response, target.url, policy);
  } finally {
    await client.destroy();
  }
}

async function readResponse(response: Dispatcher.ResponseData, url: URL, policy: PagePolicy): Promise<Page | string> {
  const { statusCode, body } = response;
  body.on('error', () => {}); // told to who reads it; a body that nobody reads ends with the connection
  const header = (name: string) => [response.headers[name] ?? ''].flat().join(', ');
  if ([301, 302, 303, 307, 308].includes(statusCode)) return redirectTarget(header('location'), url);
  if (statusCode < 200 || statusCode > 299) throw new PageFailure('status', `its server answered ${statusCode}`);
  const contentType = header('content-type');
  const type = mediaType(contentType);
  if (type !== '' && !contentKind(type, Buffer.alloc(0))) throw notText(type);
  const { bytes, truncated } = await readBody(body, header('content-encoding'), policy.maximumBytes);
  const kind = contentKind(type, bytes);
  if (!kind) throw notText(type);
  const decoded = decodeText(bytes, contentType, kind, truncated);
  const { title, text } = kind === 'html' ? await extractText(decoded) : { title: '', text: decoded.trim() };
  if (text === '') throw new PageFailure('empty', 'there is no text in it');
  return { fetched: true, url: url.href, title, text, contentType: type, truncated };
}

function redirectTarget(location: string, from: URL): string {
  if (location === '' || !URL.canParse(location, from.href)) {
    throw new PageFailure('redirects', 'it was redirected to no valid URL');
  }
  return new URL(location, from).href;
}

function notText(type: string): PageFailure {
  return new PageFailure(
    'content_type',
    type === '' ? 'it is no text' : `it is ${type.slice(0, 100)}, which is no text`,
  );
}
