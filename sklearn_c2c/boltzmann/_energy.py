"""Free energy of samples, and Gibbs sampling, with fitted weights."""

from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c._nn.threads import Workers


class EnergyMixin:
    """Methods of a fitted Boltzmann machine.

    The estimator implements ``_check_V(X)``, which returns checked visible units, and
    ``_energy(workers)``, and has `chains_`.
    """

    def free_energy(self, X):
        """Free energy of samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        F : ndarray of shape (n_samples,)
            ``- log p(v)`` but for a constant, in nats.
        """
        V = self._check_V(X)
        with Workers() as workers:
            return self._energy(workers).free_energy(V)

    def free_energy_gradient(self, X):
        """Gradient of the free energy with respect to the visible units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Also values between 0 and 1, such as probabilities.

        Returns
        -------
        gradient : ndarray of shape (n_samples, n_features)
        """
        V = self._check_V(X)
        with Workers() as workers:
            return self._energy(workers).free_energy_gradient(V)

    def score_samples(self, X):
        """Log-likelihood of samples but for a constant: minus the free energy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats; not to be compared between models with other weights.
        """
        return -self.free_energy(X)

    def gibbs(self, X, *, n_steps=1, random_state=None):
        """Run Gibbs sampling from given samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        n_steps : int, default=1
            Each step draws the hidden units and then the visible ones.
        random_state : int, RandomState instance or None, default=None
            An int makes the result reproducible.

        Returns
        -------
        V : ndarray of shape (n_samples, n_features)
            One-hot in each group.
        """
        V, rng = self._check_V(X), check_random_state(random_state)
        with Workers() as workers:
            return self._energy(workers).gibbs(V, n_steps, rng)

    def sample(self, n_samples=1, *, n_steps=1000, random_state=None):
        """Draw samples by Gibbs sampling from the persistent chains.

        Parameters
        ----------
        n_samples : int, default=1
        n_steps : int, default=1000
            Steps of Gibbs sampling from a chain that is drawn at random.
        random_state : int, RandomState instance or None, default=None
            An int makes the result reproducible.

        Returns
        -------
        V : ndarray of shape (n_samples, n_features)
            One-hot in each group.
        """
        check_is_fitted(self)
        rng = check_random_state(random_state)
        start = self.chains_[rng.randint(len(self.chains_), size=n_samples)]
        return self.gibbs(start, n_steps=n_steps, random_state=rng)

    def sample_prior(self, n_samples=1, *, random_state=None):
        """Draw probabilities of the hidden units, those of drawn samples.

        With it `generation.sample` draws from the model by its method "prior".

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None
            An int makes the result reproducible.

        Returns
        -------
        H : ndarray of shape (n_samples, n_windows * n_components)
        """
        return self.transform(self.sample(n_samples, random_state=random_state))
