import type { Protocol } from '../types/protocol.ts';

export const chatCompletions: Protocol = {
  name: 'chat-completions',
  path: '/chat/completions',
  kind: 'chat',
  promptField: 'messages',
  generates: true,
};
