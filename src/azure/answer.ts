import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { IHttpClientResponse } from 'typed-rest-client/Interfaces';
import type { ExchangeAnswer } from './exchange';

/** A successful answer, read to its end and checked, in the shape that azure-devops-node-api takes. */
export class Answer implements IHttpClientResponse {
  readonly #answer: ExchangeAnswer;

  /** @param json - the parsed body, for a request that expects JSON */
  constructor(
    answer: ExchangeAnswer,
    readonly json: unknown,
  ) {
    this.#answer = answer;
  }

  get status(): number {
    return this.#answer.status;
  }

  /** The answer as a stream, for the library's methods that hand it through. Each access gives a new one. */
  get message(): IncomingMessage {
    const { status, headers, body } = this.#answer;
    const message = new IncomingMessage(new Socket());
    message.statusCode = status;
    Object.assign(message.headers, headers);
    message.push(body);
    message.push(null);
    message.complete = true;
    return message;
  }

  readBody(): Promise<string> {
    return Promise.resolve(this.#answer.body.toString('utf8'));
  }
}
