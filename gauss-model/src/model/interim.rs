use faer::{Mat, MatRef};
use gauss_flow::{Error, Flow};
use rand::Rng;
#[derive(Clone, Debug)]
pub struct BoundFlow(pub Flow);
impl BoundFlow {
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        self.0.log_prob(x)
    }
    pub fn forward(&self, x: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), Error> {
        self.0.forward(x)
    }
    pub fn inverse(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        self.0.inverse(x)
    }
    pub fn sample(&self, n: usize, rng: &mut impl Rng) -> Mat<f64> {
        self.0.sample(n, rng)
    }
    pub fn sample_and_log_prob(&self, n: usize, rng: &mut impl Rng) -> (Mat<f64>, Vec<f64>) {
        let x = self.0.sample(n, rng);
        let l = self.0.log_prob(x.as_ref()).unwrap();
        (x, l)
    }
    pub fn score(&self, _x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        unimplemented!()
    }
}
