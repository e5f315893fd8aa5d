import java.io.FileInputStream;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Signature;
import java.security.cert.Certificate;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

/** Opens a PFX with Bouncy Castle: the key's SubjectPublicKeyInfo, which a signature proves, its name, its certificates. */
public final class Opener {
    private static String hex(byte[] octets) {
        return HexFormat.of().formatHex(octets);
    }

    private static boolean fits(PrivateKey key, Certificate certificate, String algorithm, Provider provider) throws Exception {
        byte[] message = "does it fit?".getBytes();
        Signature signature = Signature.getInstance(algorithm, provider);
        signature.initSign(key);
        signature.update(message);
        byte[] made = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(message);
        return signature.verify(made);
    }

    public static void main(String[] args) throws Exception {
        Provider provider = (Provider) Class.forName("org.bouncycastle.jce.provider.BouncyCastleProvider").getDeclaredConstructor().newInstance();
        KeyStore store = KeyStore.getInstance("PKCS12", provider);
        try (InputStream in = new FileInputStream(args[0])) {
            store.load(in, args[1].toCharArray());
        }
        List<String> names = Collections.list(store.aliases()).stream().filter(n -> isKey(store, n)).toList();
        if (names.size() != 1) {
            throw new IllegalStateException("private keys: " + names);
        }
        String name = names.get(0);
        PrivateKey key = (PrivateKey) store.getKey(name, args[1].toCharArray());
        Certificate[] chain = store.getCertificateChain(name);
        boolean sm2 = chain[0].toString().contains("1.2.156.10197.1.501") || chain[0].toString().contains("SM3WITHSM2");
        if (!fits(key, chain[0], sm2 ? "SM3withSM2" : "SHA256withECDSA", provider)) {
            throw new IllegalStateException("the key does not fit the certificate");
        }
        StringBuilder line = new StringBuilder(hex(chain[0].getPublicKey().getEncoded())).append('\t').append(name);
        for (Certificate certificate : chain) {
            line.append('\t').append(hex(certificate.getEncoded()));
        }
        System.out.println(line);
    }

    private static boolean isKey(KeyStore store, String name) {
        try {
            return store.isKeyEntry(name);
        } catch (java.security.KeyStoreException e) {
            throw new IllegalStateException(e);
        }
    }
}
