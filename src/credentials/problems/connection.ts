import { isCloudHost } from '../../organization';

/** The proxy between here and a host. */
export interface Proxy {
  /** Host and port, without user and password. */
  readonly address: string;
  /** The environment variable that names it. */
  readonly variable: string;
  /** Whether it is spoken to with TLS. */
  readonly secure: boolean;
  /** Whether the variable has a user for it. */
  readonly hasUser: boolean;
}

/** A variable of the environment that should name an HTTP proxy. */
interface UnusableProxy {
  readonly variable: string;
  /** As `socks5`; absent where the value is no URL at all. */
  readonly scheme?: string;
}

/** A connection that could not be made or did not last. */
export interface ConnectionFailure {
  /** `host[:port]`. */
  readonly host: string;
  /** The code of Node's, OpenSSL's or undici's error. */
  readonly code?: string;
  /** The names that the certificate is for, if that is what is wrong. */
  readonly certificateNames?: readonly string[];
  /** The proxy, where the failure is on the way to it or is its own. */
  readonly proxy?: Proxy;
  /** What the proxy answered instead of opening a tunnel. */
  readonly proxyStatus?: number;
  /** What the environment has in place of the address of an HTTP proxy. */
  readonly unusableProxy?: UnusableProxy;
  /** The ways to sign in that a 407 of the proxy offers, as `Basic`. */
  readonly proxySchemes?: readonly string[];
}

/** A connection's failure in words. */
export interface ConnectionProblem {
  /** A clause without a full stop. */
  readonly cause: string;
  /** A sentence in the imperative, without a full stop. */
  readonly cure: string;
  /** Whether it stays until somebody changes something. */
  readonly lasting: boolean;
}

/** Words for a failure between here and a peer: a host, or the proxy to it. */
interface Words {
  readonly codes: RegExp;
  readonly cause: (peer: string, failure: ConnectionFailure) => string;
  readonly cure: (failure: ConnectionFailure) => string;
  /** Default: true. */
  readonly lasting?: boolean;
}

/** The first whose codes fit counts. Node's codes are those of its documentation (tls, errors), `ERR_SSL_*` are OpenSSL's reasons. */
const WORDS: readonly Words[] = [
  {
    codes: /^(ENOTFOUND|EAI_AGAIN)$/,
    cause: peer => `the name of ${peer} cannot be resolved`,
    cure: ({ host, proxy }) =>
      proxy
        ? `Correct the host in ${proxy.variable}, or the DNS of the machine that Backstage runs on`
        : `Compare ${nameOf(host)} with the address in the browser, and check the DNS of the machine that Backstage runs on; where the internet is reached through a proxy only, set HTTPS_PROXY`,
    lasting: false,
  },
  {
    codes:
      /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/,
    cause: peer => `${peer} cannot be reached`,
    cure: ({ host, proxy }) =>
      proxy
        ? `Check host and port in ${proxy.variable}, that the proxy runs, and that no firewall stands before it; for hosts that are reached without it set NO_PROXY`
        : `Check that ${host} is the right host and port, and that a firewall lets this machine reach it; where a proxy leads there, set HTTPS_PROXY`,
    lasting: false,
  },
  {
    codes:
      /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|HTTPS_PROXY_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE)$/,
    cause: (peer, { proxy }) =>
      proxy
        ? `${peer} answers without TLS, although ${proxy.variable} begins with https://`
        : `${peer} answers without TLS`,
    cure: ({ host, proxy }) =>
      proxy
        ? `Write http:// instead of https:// in ${proxy.variable}: that is how the proxy itself is spoken to, and what goes through it to Azure DevOps stays encrypted`
        : isCloudHost(host)
          ? `Find out what answers in place of ${host} on this network: a DNS entry, a proxy, or a page to sign in on`
          : `Give the host and port on which the Server answers https; if it has none, write http://${host} as the \`host\` of the provider: its token then goes over the network unencrypted`,
  },
  {
    codes:
      /^ERR_SSL_(TLSV1_ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|VERSION_TOO_LOW|WRONG_SSL_VERSION|UNSUPPORTED_SSL_VERSION)$/,
    cause: peer => `${peer} speaks no version of TLS from 1.2 on`,
    cure: () =>
      'Let those who run it switch on TLS 1.2 or 1.3: older versions are broken, and Node refuses them',
  },
  {
    codes: /CERTIFICATE_REQUIRED$/,
    cause: peer => `${peer} demands a certificate of the client`,
    cure: ({ host }) =>
      `Let those who run it admit Backstage to ${host} without one: there is no setting for client certificates`,
  },
  {
    codes:
      /^ERR_SSL_((SSLV3|SSL|TLSV1|TLS)_ALERT_(HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)|NO_SHARED_CIPHER|NO_CIPHERS_AVAILABLE|DH_KEY_TOO_SMALL|BAD_ECPOINT|UNSAFE_LEGACY_RENEGOTIATION_DISABLED|LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED)$/,
    cause: peer => `${peer} has no encryption to offer that Node accepts`,
    cure: () =>
      "Let those who run it switch on TLS 1.2 or 1.3 with today's cipher suites, and check that it demands no certificate of the client",
  },
  {
    codes: /UNRECOGNIZED_NAME$/,
    cause: peer => `${peer} has no certificate for its own name`,
    cure: ({ host }) =>
      `Use the name under which it is known with https, or let those who run it add a certificate for ${nameOf(host)}`,
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    cause: peer => `the certificate that ${peer} shows has expired`,
    cure: failure =>
      `Let ${issuerOf(failure)} renew it; if it is new, check the clock of the machine that Backstage runs on`,
  },
  {
    codes: /^CERT_NOT_YET_VALID$/,
    cause: peer => `the certificate that ${peer} shows is not valid yet`,
    cure: () =>
      'Check the clock of the machine that Backstage runs on: it is behind, or the certificate was issued for later',
  },
  {
    codes:
      /^(ERR_TLS_CERT_ALTNAME_INVALID|ERR_TLS_CERT_ALTNAME_FORMAT|UND_ERR_PRX_TLS|HOSTNAME_MISMATCH)$/,
    cause: (peer, { certificateNames = [] }) =>
      `the certificate that ${peer} shows is for ${certificateNames.length > 0 ? `other names: ${certificateNames.join(', ')}` : 'another name'}`,
    cure: failure =>
      failure.proxy
        ? `Write the proxy's name as its certificate has it in ${failure.proxy.variable}`
        : `Use a name that the certificate has, or let ${issuerOf(failure)} issue one for ${nameOf(failure.host)}; a DNS entry or a proxy may also lead to another machine`,
  },
  {
    codes: /^CERT_REVOKED$/,
    cause: peer => `the certificate that ${peer} shows was revoked`,
    cure: failure => `Let ${issuerOf(failure)} issue another one`,
  },
  {
    codes: /(EE_KEY_TOO_SMALL|CA_KEY_TOO_SMALL|MD_TOO_WEAK)$/,
    cause: peer =>
      `the certificate that ${peer} shows has a key or a signature that is too weak`,
    cure: failure =>
      `Let ${issuerOf(failure)} issue one with an RSA key of at least 2048 bits, or an elliptic one, signed with SHA-256`,
  },
  {
    codes:
      /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|INVALID_|ERROR_IN_CERT|PATH_LENGTH|ERR_SSL_CERTIFICATE_VERIFY_FAILED)/,
    cause: (peer, { proxy }) =>
      proxy
        ? `the certificate that ${peer} shows is not trusted`
        : `the certificate that ${peer} shows, or a proxy that inspects TLS in its place, is not trusted`,
    cure: () =>
      'Save the certificate of the authority that signed it as PEM, name that file in NODE_EXTRA_CA_CERTS before Node starts, and check that the server sends its intermediate certificates',
  },
  {
    codes: /^(ERR_SSL_|ERR_TLS_|EPROTO$)/,
    cause: peer => `there is no agreement with ${peer} on TLS`,
    cure: ({ host }) =>
      `See what \`openssl s_client -connect ${withPort(host)}\` says on the machine that Backstage runs on, and show it to those who run the network`,
  },
];

/** Words for a failure that is the proxy's own. */
const PROXY_WORDS: readonly Words[] = [
  {
    codes: /^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/,
    cause: peer => `${peer} opened no connection in time`,
    cure: ({ host, proxy }) =>
      `Check that ${proxy?.address} is an HTTP proxy, and that it reaches ${host}`,
    lasting: false,
  },
  {
    codes: /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/,
    cause: peer => `${peer} closed the connection without a word`,
    cure: ({ proxy }) =>
      `Check that ${proxy?.address} is an HTTP proxy${proxy?.secure ? '' : ' (a SOCKS proxy is none), and write https:// in its variable if it is spoken to with TLS'}`,
    lasting: false,
  },
  {
    codes: /^HPE_|^HTTPParserError$|^UND_ERR_HEADERS_OVERFLOW$/,
    cause: peer => `what ${peer} answers is not HTTP`,
    cure: ({ proxy }) =>
      `Check host and port in ${proxy?.variable}: it has to be an HTTP proxy, as http://proxy.example.com:8080, and a SOCKS proxy is none`,
  },
];

/** What is wrong with a connection and what to do; `undefined` for what is no matter of the way to the host. */
export function describeConnectionFailure(
  failure: ConnectionFailure,
): ConnectionProblem | undefined {
  const { code = '', host, proxy, proxyStatus, unusableProxy } = failure;
  if (unusableProxy) {
    return describeUnusableProxy(unusableProxy, host);
  }
  if (proxyStatus !== undefined) {
    return describeProxyAnswer(failure, proxyStatus);
  }
  const words = [...(proxy ? PROXY_WORDS : []), ...WORDS].find(({ codes }) =>
    codes.test(code),
  );
  return (
    words && {
      cause: `${words.cause(proxy ? describeProxy(proxy) : host, failure)} (${code})`,
      cure: words.cure(failure),
      lasting: words.lasting ?? true,
    }
  );
}

function describeUnusableProxy(
  { variable, scheme }: UnusableProxy,
  host: string,
): ConnectionProblem {
  return {
    cause: scheme
      ? `the environment variable ${variable} names a ${scheme} proxy, and only HTTP proxies can be used`
      : `the environment variable ${variable} is not the address of a proxy`,
    cure: `Write the address of an HTTP proxy into it, as http://proxy.example.com:8080, or add ${nameOf(host)} to NO_PROXY if it is reached without one`,
    lasting: true,
  };
}

function describeProxyAnswer(
  failure: ConnectionFailure,
  status: number,
): ConnectionProblem {
  const { host, proxy } = failure;
  const name = proxy ? describeProxy(proxy) : 'the proxy';
  const variable = proxy?.variable ?? 'HTTPS_PROXY';
  if (status === 407) {
    return { ...proxySignIn(failure, name, variable), lasting: true };
  }
  if (status >= 500) {
    return {
      cause: `${name} could not connect to ${host}, and answered ${status}`,
      cure: `Let those who run the proxy look at its way to ${host}`,
      lasting: false,
    };
  }
  return status === 401 || status === 403
    ? {
        cause: `${name} does not let this machine connect to ${host}, and answered ${status}`,
        cure: `Let those who run the proxy admit ${host}, or add it to NO_PROXY if it is reached without`,
        lasting: true,
      }
    : {
        cause: `${name} opened no connection to ${host}, and answered ${status}: it is no proxy for https, or does not let this through`,
        cure: `Check host and port in ${variable}`,
        lasting: true,
      };
}

function proxySignIn(
  { host, proxy, proxySchemes = [] }: ConnectionFailure,
  name: string,
  variable: string,
): { cause: string; cure: string } {
  const offered =
    proxySchemes.length > 0 ? ` (it takes ${proxySchemes.join(', ')})` : '';
  if (
    proxySchemes.length > 0 &&
    !proxySchemes.some(it => /^basic$/i.test(it))
  ) {
    return {
      cause: `${name} demands a sign-in of a kind that is not supported${offered}, and answered 407`,
      cure: `Let those who run the proxy admit this machine to ${host} without, or with user and password (Basic)`,
    };
  }
  return proxy?.hasUser
    ? {
        cause: `${name} does not accept the user and password in ${variable}${offered}, and answered 407`,
        cure: `Correct them in ${variable}; both have to be there, and characters such as @ : / # have to be percent-encoded`,
      }
    : {
        cause: `${name} demands a user and a password${offered}, and answered 407`,
        cure: `Write them into ${variable}, as http://user:password@${proxy?.address ?? 'proxy.example.com:8080'}, percent-encoded`,
      };
}

function describeProxy({ address, variable }: Proxy): string {
  return `the proxy ${address} (${variable})`;
}

/** Who can issue a certificate. */
function issuerOf({ host, proxy }: ConnectionFailure): string {
  return proxy
    ? 'those who run the proxy'
    : `those who run ${nameOf(host)}, or the proxy that inspects TLS,`;
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '');
}

function withPort(host: string): string {
  return /:\d+$/.test(host) ? host : `${host}:443`;
}
