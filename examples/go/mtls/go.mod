module mtls

go 1.19

require libpca.org/pca v0.1.0

replace libpca.org/pca v0.1.0 => ../../../bindings/go
