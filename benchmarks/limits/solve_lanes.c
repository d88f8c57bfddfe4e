/* Many small systems A x = b at once, four in the lanes of a vector: LU with partial pivoting, written by hand. The
   gradient is that of the sum of squares of x, halved: one more solve with the transposed factors, and an outer
   product. Compile with -DN=size. */

typedef double lanes __attribute__((vector_size(32)));
typedef long long mask __attribute__((vector_size(32)));
#define L 4

static inline lanes chosen(mask c, lanes a, lanes b) { return (lanes)((c & (mask)a) | (~c & (mask)b)); }
static inline lanes size(lanes x) { return chosen(x < 0.0, -x, x); }

static inline void factorise(lanes a[N][N], long order[N][L]) {
    for (int i = 0; i < N; i++)
        for (int l = 0; l < L; l++) order[i][l] = i;
    for (int k = 0; k < N; k++) {
        lanes most = size(a[k][k]), at = {k, k, k, k};
        for (int i = k + 1; i < N; i++) {
            lanes x = size(a[i][k]), here = {i, i, i, i};
            mask larger = x > most;
            most = chosen(larger, x, most);
            at = chosen(larger, here, at);
        }
        for (int l = 0; l < L; l++) {
            int p = (int)at[l];
            if (p == k) continue;
            for (int j = 0; j < N; j++) {
                double t = a[k][j][l];
                a[k][j][l] = a[p][j][l];
                a[p][j][l] = t;
            }
            long t = order[k][l];
            order[k][l] = order[p][l];
            order[p][l] = t;
        }
        lanes inverse = 1.0 / a[k][k];
        for (int i = k + 1; i < N; i++) {
            lanes low = a[i][k] *= inverse;
            for (int j = k + 1; j < N; j++) a[i][j] -= low * a[k][j];
        }
    }
}

static inline void solve(lanes a[N][N], long order[N][L], const double *b, lanes x[N]) {
    for (int i = 0; i < N; i++) {
        for (int l = 0; l < L; l++) x[i][l] = b[l * N + order[i][l]];
        for (int j = 0; j < i; j++) x[i] -= a[i][j] * x[j];
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++) x[i] -= a[i][j] * x[j];
        x[i] /= a[i][i];
    }
}

static inline void load(const double *a, lanes m[N][N]) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int l = 0; l < L; l++) m[i][j][l] = a[(l * N + i) * N + j];
}

void solve_lanes(long count, const double *a, const double *b, double *out) {
    for (long g = 0; g + L <= count; g += L) {
        lanes m[N][N], x[N];
        long order[N][L];
        load(a + g * N * N, m);
        factorise(m, order);
        solve(m, order, b + g * N, x);
        for (int i = 0; i < N; i++)
            for (int l = 0; l < L; l++) out[(g + l) * N + i] = x[i][l];
    }
}

void solve_lanes_grad(long count, const double *a, const double *b, double *by_a, double *by_b) {
    for (long g = 0; g + L <= count; g += L) {
        lanes m[N][N], x[N], y[N], z[N];
        long order[N][L];
        load(a + g * N * N, m);
        factorise(m, order);
        solve(m, order, b + g * N, x);
        for (int i = 0; i < N; i++) y[i] = x[i];
        for (int k = 0; k < N; k++) {
            y[k] /= m[k][k];
            for (int j = k + 1; j < N; j++) y[j] -= m[k][j] * y[k];
        }
        for (int k = N - 1; k >= 0; k--)
            for (int j = 0; j < k; j++) y[j] -= m[k][j] * y[k];
        for (int i = 0; i < N; i++)
            for (int l = 0; l < L; l++) z[order[i][l]][l] = y[i][l];
        for (int i = 0; i < N; i++) {
            for (int l = 0; l < L; l++) by_b[(g + l) * N + i] = z[i][l];
            for (int j = 0; j < N; j++) {
                lanes p = -z[i] * x[j];
                for (int l = 0; l < L; l++) by_a[((g + l) * N + i) * N + j] = p[l];
            }
        }
    }
}
