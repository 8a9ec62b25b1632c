import type * as z from 'zod';
import type { ErrorCode } from '../gateway-error.ts';
import type { Exchange, HttpRoute } from '../http/exchange.ts';
import type { Caller } from '../types/caller.ts';

/** One thing that the admin API does: the same words make its route, check its requests and describe it. */
export interface AdminOperation {
  /** Unique; the `operationId` of the OpenAPI document. */
  readonly id: string;
  readonly method: HttpRoute['method'];
  /** With the name of its one parameter in braces, such as `/admin/keys/{id}`. */
  readonly path: string;
  /** The route's path where it is another: a prefix, for names that hold slashes. */
  readonly prefix?: string;
  readonly summary: string;
  /** What the parameter in the path means. */
  readonly parameter?: string;
  readonly query?: z.ZodObject;
  /** Whether `If-Match` is obeyed. */
  readonly isConditional?: boolean;
  readonly body?: z.ZodType;
  /** No body is as good as `{}`. */
  readonly isBodyOptional?: boolean;
  /** By status. Undefined: an answer without a body. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** The errors of its own, beside those that every operation has. */
  readonly errors: readonly ErrorCode[];
}

export interface AnswerDescription {
  readonly description: string;
  /** Undefined: there is no body. */
  readonly schema: z.ZodType | undefined;
  /** Default `application/json`. */
  readonly contentType?: string;
}

/** What an operation does. Errors that are thrown become the answer. */
export type AdminHandler = (exchange: Exchange, caller: Caller, rest: string) => void | Promise<void>;
