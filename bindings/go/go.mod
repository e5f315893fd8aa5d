module libpca.org/pca

go 1.19
