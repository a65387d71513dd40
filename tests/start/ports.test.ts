import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { LISTEN_HOST, choosePort, isPortTaken } from '../../dev/ports';

describe('npm start', () => {
  it('listens on the wanted port, or on another where that is occupied', async () => {
    const occupant = createServer().listen(0, LISTEN_HOST);
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;

    const other = await choosePort(port);
    expect(other).not.toBe(port);
    expect(other).toBeGreaterThan(0);

    occupant.close();
    await once(occupant, 'close');
    expect(await choosePort(port)).toBe(port);
  });

  it('recognizes that a port was taken meanwhile, whichever error wraps that', async () => {
    const occupant = createServer().listen(0, LISTEN_HOST);
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const late = createServer().listen(port, LISTEN_HOST);
    const [error] = (await once(late, 'error')) as [Error];
    occupant.close();

    expect(isPortTaken(error)).toBe(true);
    expect(isPortTaken(new Error('x', { cause: error }))).toBe(true);
    expect(isPortTaken(new Error('x'))).toBe(false);
  });
});
