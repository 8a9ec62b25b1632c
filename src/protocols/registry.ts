import type { Protocol } from '../types/protocol.ts';
import { chatCompletions } from './chat-completions.ts';
import { completions } from './completions.ts';
import { embeddings } from './embeddings.ts';

/** The protocols that clients can speak; each is served at its path, with and without `/v1`. */
export const protocols: readonly Protocol[] = [chatCompletions, completions, embeddings];
