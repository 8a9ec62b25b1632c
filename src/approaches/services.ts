import type { LastingServices } from './lasting-services.ts';
import type { ToolServers } from './tools/tool-servers.ts';

/** What the stages of one configuration share beyond a request. */
export interface ApproachServices extends LastingServices {
  /** The servers of tools that the configuration names. */
  readonly tools: ToolServers;
}
