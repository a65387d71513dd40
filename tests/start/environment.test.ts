import { reachingSimulator } from '../../dev/simulation';

const simulator = {
  HTTPS_PROXY: 'http://127.0.0.1:4000',
  NODE_EXTRA_CA_CERTS: '/ca.pem',
};

describe('the backend of npm start', () => {
  it("reaches the simulator although the network's own proxy is set, however it is spelled", () => {
    expect(
      reachingSimulator(
        {
          PATH: '/bin',
          https_proxy: 'http://proxy',
          HTTP_PROXY: 'http://proxy',
          HTTPS_PROXY: 'http://proxy',
          all_proxy: 'http://proxy',
          No_Proxy: 'dev.azure.com',
        },
        simulator,
      ),
    ).toEqual({ PATH: '/bin', ...simulator });
  });
});
